#include "metrics/etcd_series.h"

#include <charconv>
#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string_view>

#include "metrics/text.h"

namespace bellwether::metrics {
namespace {

using growth::ClusterStatus;
using growth::MemberStatus;

std::string Hex(uint64_t number) {
  char digits[16];
  return {digits, std::to_chars(digits, digits + sizeof digits, number, 16).ptr};
}

// Writes the families of a cluster, one sample per member.
class Writer {
 public:
  Writer(const ClusterStatus& cluster, MonotonicTime now, std::string& out)
      : cluster_(cluster), now_(now), out_(out) {
    AppendLabel("etcd_cluster", cluster.name, cluster_labels_);
    for (const std::string& member : MemberLabels(cluster.members)) {
      labels_.push_back(cluster_labels_);
      AppendLabel("member", member, labels_.back());
    }
  }

  // Of each member of which `value` returns something.
  template <typename F>
  void OfEach(std::string_view name, Kind kind, std::string_view help, F value) {
    Family family(out_, name, kind, help);
    for (size_t i = 0; i < labels_.size(); ++i) {
      if (const auto sample = value(cluster_.members[i])) family.Add(labels_[i], *sample);
    }
  }

  // Of each member whose last answer is current.
  template <typename F>
  void OfCurrent(std::string_view name, Kind kind, std::string_view help, F value) {
    OfEach(name, kind, help, [&](const MemberStatus& member) {
      return Current(member) ? std::optional(value(member)) : std::nullopt;
    });
  }

  bool Current(const MemberStatus& member) const {
    return growth::IsCurrent(member, cluster_.every, now_);
  }

  // Every member tells of the alarms of all; with none to ask nothing is known.
  void Alarms() {
    Family family(out_, "bellwether_etcd_alarm", Kind::kGauge,
                  "1 while etcd holds this alarm: under NOSPACE it refuses what would grow it.");
    for (const std::string_view alarm : {"NOSPACE", "CORRUPT"}) {
      std::optional<int64_t> raised;
      for (const MemberStatus& member : cluster_.members) {
        if (!Current(member)) continue;
        if (growth::NamesAlarm(member.errors, alarm)) raised = 1;
        if (!raised) raised = 0;
      }
      if (!raised) continue;
      std::string labels = cluster_labels_;
      AppendLabel("alarm", alarm, labels);
      family.Add(labels, *raised);
    }
  }

 private:
  const ClusterStatus& cluster_;
  const MonotonicTime now_;
  std::string& out_;
  std::string cluster_labels_;
  std::vector<std::string> labels_;  // by member
};

}  // namespace

std::vector<std::string> MemberLabels(const std::vector<MemberStatus>& members) {
  std::map<std::string, int> with_name;
  for (const MemberStatus& member : members) ++with_name[CleanLabelValue(member.name)];
  std::vector<std::string> labels;
  std::set<std::string> taken;
  for (const MemberStatus& member : members) {
    std::string label = CleanLabelValue(member.name);
    if (!member.sampled_at) {
      label = CleanLabelValue(member.endpoint);
    } else if (label.empty() || with_name[label] > 1) {
      label = Hex(member.member_id);
    }
    // Somebody may be named like another's endpoint or id.
    const std::string wanted = label;
    for (int n = 2; !taken.insert(label).second; ++n) {
      const std::string suffix = "#" + std::to_string(n);
      label = CleanLabelValue(wanted.substr(0, kMaxLabelValueBytes - suffix.size())) + suffix;
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

void AppendEtcd(const ClusterStatus& cluster, MonotonicTime now, std::string& out) {
  Writer writer(cluster, now, out);
  writer.OfEach("bellwether_etcd_monitor_up", Kind::kGauge,
                "1 while the member answers Status; 0 = it does not, and its other series end.",
                [&](const MemberStatus& member) {
                  return std::optional(int64_t{writer.Current(member) ? 1 : 0});
                });
  writer.OfEach(
      "bellwether_etcd_status_age_seconds", Kind::kGauge,
      "Time since the last Status that the member answered.", [now](const MemberStatus& member) {
        return member.sampled_at
                   ? std::optional(std::chrono::duration<double>(now - *member.sampled_at).count())
                   : std::nullopt;
      });
  writer.OfCurrent(
      "bellwether_etcd_revision_total", Kind::kCounter,
      "etcd's revision: each change of any key counts one. Falls when etcd is restored.",
      [](const MemberStatus& member) { return member.revision.value; });
  writer.OfCurrent("bellwether_etcd_raft_applied_index_total", Kind::kCounter,
                   "Raft entries that the member has applied. What grows faster than the revision "
                   "is work that leaves none.",
                   [](const MemberStatus& member) { return member.raft_applied_index; });
  writer.OfCurrent("bellwether_etcd_db_size_bytes", Kind::kGauge,
                   "Size of the member's database file: what etcd holds against the quota.",
                   [](const MemberStatus& member) { return member.db_size_bytes; });
  writer.OfCurrent("bellwether_etcd_db_in_use_bytes", Kind::kGauge,
                   "The database without its free pages: what a defragmentation would leave.",
                   [](const MemberStatus& member) { return member.db_size_in_use_bytes; });
  writer.OfCurrent(
      "bellwether_etcd_db_quota_bytes", Kind::kGauge,
      "The quota; 0 = unknown (before 3.6 etcd does not tell: set clusters[].quotaBytes), "
      "negative = none.",
      [](const MemberStatus& member) { return member.quota_bytes.value_or(0); });
  writer.Alarms();
}

}  // namespace bellwether::metrics
