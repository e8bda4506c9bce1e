// `bellwether run` as a process, on a real etcd, under the faults that a supervisor or an operator
// causes.

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>

#include "cli/process_tree.h"
#include "support/etcd_server.h"

namespace bellwether::cli {
namespace {

using test::EtcdServer;
using test::Eventually;
using testing::HasSubstr;

std::string Contents(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool Alive(pid_t pid) {
  const std::string stat = Contents("/proc/" + std::to_string(pid) + "/stat");
  const size_t close = stat.rfind(')');
  return close != std::string::npos && stat[close + 2] != 'Z';
}

// One `bellwether run` whose CMD is a shell script; files of the script go to folder().
class RunProcess {
 public:
  RunProcess(const EtcdServer& etcd, const std::string& name, std::vector<std::string> flags,
             const std::string& script, std::vector<std::string> wrapper = {}) {
    folder_ = etcd.folder() + "/" + name;
    std::filesystem::create_directory(folder_);
    std::vector<std::string> words = std::move(wrapper);
    for (const std::string& word :
         {std::string(BELLWETHER_BINARY), std::string("run"), "--endpoints=" + etcd.endpoints(),
          std::string("--election=test/one"), "--id=" + name, std::string("--ttl=5s")}) {
      const auto overrides = [&](const std::string& flag) {
        return flag.starts_with(word.substr(0, word.find('=') + 1));
      };
      if (word.find('=') != std::string::npos && std::any_of(flags.begin(), flags.end(), overrides))
        continue;
      words.push_back(word);
    }
    words.insert(words.end(), flags.begin(), flags.end());
    for (const std::string& word :
         {std::string("--"), std::string("/bin/sh"), std::string("-c"), script}) {
      words.push_back(word);
    }
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const std::string log = folder_ + "/log";
    pid_ = fork();
    if (pid_ == 0) {
      const int fd = open(log.c_str(), O_CREAT | O_WRONLY | O_APPEND, 0600);
      dup2(fd, 1);
      dup2(fd, 2);
      if (chdir(folder_.c_str()) != 0) _exit(126);
      execvp(argv[0], argv.data());
      _exit(127);
    }
  }

  ~RunProcess() {
    if (pid_ == 0) return;
    const std::vector<pid_t> below = Descendants(pid_);
    kill(pid_, SIGKILL);
    for (const pid_t pid : below) kill(pid, SIGKILL);
    waitpid(pid_, nullptr, 0);
  }

  // The script writes its pid here: echo $$ > pid.
  pid_t command() const {
    const std::string text = Contents(folder_ + "/pid");
    return text.ends_with('\n') ? std::stoi(text) : 0;
  }
  pid_t guardian() const { return ParentOf(command()); }
  pid_t pid() const { return pid_; }
  std::string log() const { return Contents(folder_ + "/log"); }
  std::string file(const std::string& name) const { return Contents(folder_ + "/" + name); }
  bool Leads() const {
    const pid_t pid = command();
    return pid != 0 && Alive(pid);
  }

  // Its exit code, 128 + N for a signal; nullopt when it never ended.
  std::optional<int> Wait() {
    int status = 0;
    const bool ended = Eventually([&] { return waitpid(pid_, &status, WNOHANG) == pid_; });
    if (!ended) return std::nullopt;
    pid_ = 0;
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  }

 private:
  static pid_t ParentOf(pid_t pid) {
    const std::string stat = Contents("/proc/" + std::to_string(pid) + "/stat");
    return std::stoi(stat.substr(stat.rfind(')') + 4));
  }

  std::string folder_;
  pid_t pid_ = 0;
};

constexpr const char* kSleep = "echo $$ > pid; exec sleep 1000";
// Its grandchildren leave its process group and session, and ignore SIGTERM.
constexpr const char* kStubborn =
    "trap '' TERM; (setsid sh -c 'trap \"\" TERM; echo $$ > grandchild; while :; do sleep 1; "
    "done') & "
    "echo $$ > pid; while :; do sleep 1; done";

std::string Keys(const EtcdServer& etcd) {
  return etcd.Etcdctl("get --prefix --keys-only /bellwether/elections/test/one/");
}

TEST(RunTest, GivesTheCommandItsPlaceInTheEnvironmentAndKeepsItsExitCode) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "env | grep ^BELLWETHER > env; exit 7");
  EXPECT_EQ(run.Wait(), 7) << run.log();
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_ELECTION=test/one\n"));
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_ID=a\n"));
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_LEADER=1\n"));
  EXPECT_THAT(run.file("env"), HasSubstr("BELLWETHER_TOKEN="));
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunTest, TheNextOneLeadsWhenTheCommandDies) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.log().find("queued") != std::string::npos; }));
  EXPECT_FALSE(second.Leads());
  kill(first.command(), SIGKILL);
  EXPECT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_EQ(first.Wait(), 128 + SIGKILL);
}

TEST(RunTest, ATermSignalIsForwardedAndThePlaceGoesAfterTheWholeTree) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "trap 'exit 3' TERM; echo $$ > pid; while :; do sleep 0.1; done");
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  kill(run.pid(), SIGTERM);
  EXPECT_EQ(run.Wait(), 3) << run.log();
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunTest, AWaitingOneLeavesTheQueueOnTerm) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.log().find("queued") != std::string::npos; }));
  kill(second.pid(), SIGTERM);
  EXPECT_EQ(second.Wait(), 128 + SIGTERM);
  EXPECT_TRUE(first.Leads());
}

TEST(RunTest, RestartsAFailedCommandBeforeItGivesThePlaceUp) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--restart=2"}, "echo $BELLWETHER_TOKEN >> tokens; exit 9");
  EXPECT_EQ(run.Wait(), 9) << run.log();
  std::istringstream tokens(run.file("tokens"));
  std::vector<std::string> lines;
  for (std::string line; std::getline(tokens, line);) lines.push_back(line);
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_EQ(lines[0], lines[2]);
}

TEST(RunTest, WhenRunIsKilledItsTreeDiesAndTheNextOneLeads) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return first.Leads() && !first.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(first.file("grandchild"));
  RunProcess second(etcd, "b", {}, kSleep);
  kill(first.pid(), SIGKILL);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_FALSE(first.Leads());
  EXPECT_FALSE(Alive(grandchild));
}

TEST(RunTest, WhenRunIsStoppedTheGuardianKillsTheTreeBeforeTheNextOneLeads) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return first.Leads() && !first.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(first.file("grandchild"));
  RunProcess second(etcd, "b", {}, kSleep);
  kill(first.pid(), SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  EXPECT_FALSE(first.Leads());
  EXPECT_FALSE(Alive(grandchild));
  kill(first.pid(), SIGCONT);
  // It notices, queues again, and leads when the other one goes.
  kill(second.pid(), SIGTERM);
  EXPECT_TRUE(second.Wait().has_value());
  EXPECT_TRUE(Eventually([&] { return first.Leads(); })) << first.log();
}

TEST(RunTest, WhenTheGuardianIsKilledNothingOfTheTreeIsLeft) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return run.Leads() && !run.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(run.file("grandchild"));
  const pid_t command = run.command();
  kill(run.guardian(), SIGKILL);
  EXPECT_EQ(run.Wait(), 128 + SIGKILL) << run.log();
  EXPECT_FALSE(Alive(command));
  EXPECT_FALSE(Alive(grandchild));
  EXPECT_EQ(Keys(etcd), "");
}

TEST(RunTest, WhenTheGuardianIsStoppedRunHoldsTheDeadline) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--once"}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return run.Leads() && !run.file("grandchild").empty(); }));
  const pid_t grandchild = std::stoi(run.file("grandchild"));
  const pid_t command = run.command();
  kill(run.guardian(), SIGSTOP);
  etcd.Signal(0, SIGSTOP);  // no keepalive is answered any more
  EXPECT_TRUE(Eventually([&] { return !Alive(command) && !Alive(grandchild); })) << run.log();
  etcd.Signal(0, SIGCONT);
  EXPECT_EQ(run.Wait(), 75) << run.log();
}

TEST(RunTest, AfterAPauseOfTheWholeTreeTheOldLeadershipIsOver) {
  EtcdServer etcd;
  RunProcess first(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return first.Leads(); }));
  RunProcess second(etcd, "b", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return second.log().find("queued") != std::string::npos; }));
  const pid_t command = first.command();
  std::vector<pid_t> all = Descendants(first.pid());
  all.push_back(first.pid());
  for (const pid_t pid : all) kill(pid, SIGSTOP);
  ASSERT_TRUE(Eventually([&] { return second.Leads(); })) << second.log();
  for (const pid_t pid : all) kill(pid, SIGCONT);
  EXPECT_TRUE(Eventually([&] { return !Alive(command); })) << first.log();
  EXPECT_TRUE(second.Leads());
}

TEST(RunTest, AKeyDeletedByHandStopsAStubbornCommandAndOnceEndsWith75) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {"--once"}, kStubborn);
  ASSERT_TRUE(Eventually([&] { return run.Leads(); }));
  etcd.Etcdctl("del --prefix /bellwether/elections/test/one/");
  EXPECT_EQ(run.Wait(), 75) << run.log();
  EXPECT_FALSE(run.Leads());
}

TEST(RunTest, WorksAsTheFirstProcessOfAContainer) {
  EtcdServer etcd;
  RunProcess run(etcd, "a", {}, "echo $PPID > parent; (sleep 0.1 &) ; exit 4",
                 {"unshare", "--pid", "--fork", "--mount-proc"});
  EXPECT_EQ(run.Wait(), 4) << run.log();
  EXPECT_THAT(run.log(), HasSubstr("elected"));
}

TEST(RunTest, WaitsForAnEtcdThatIsAway) {
  EtcdServer etcd;
  etcd.Kill(0);
  RunProcess run(etcd, "a", {}, "exit 0");
  ASSERT_TRUE(Eventually([&] { return run.log().find("not working") != std::string::npos; }))
      << run.log();
  etcd.Start(0);
  EXPECT_EQ(run.Wait(), 0) << run.log();
}

TEST(RunTest, StandsInOneQueueWithEtcdctl) {
  EtcdServer etcd;
  const std::string held = etcd.folder() + "/held";
  std::string lock = "lock /bellwether/elections/test/one -- sh -c 'echo held > " + held +
                     "; sleep 3' > /dev/null 2>&1 & echo started";
  EXPECT_EQ(etcd.Etcdctl(lock), "started\n");
  ASSERT_TRUE(Eventually([&] { return !Contents(held).empty(); }));
  RunProcess run(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.log().find("queued") != std::string::npos; }))
      << run.log();
  EXPECT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
}

// The standard output of a subcommand, then "exit N".
std::string Bellwether(const EtcdServer& etcd, const std::string& arguments) {
  const std::string command = std::string(BELLWETHER_BINARY) + " " + arguments +
                              " --endpoints=" + etcd.endpoints() + " 2>/dev/null; echo exit $?";
  FILE* pipe = popen(command.c_str(), "r");
  std::string out;
  char buffer[4096];
  size_t n = 0;
  while ((n = fread(buffer, 1, sizeof buffer, pipe)) > 0) out.append(buffer, n);
  pclose(pipe);
  return out;
}

TEST(QueryTest, TellsTheLeaderTheQueueAndItsOrphans) {
  EtcdServer etcd;
  EXPECT_EQ(Bellwether(etcd, "leader test/one"), "exit 3\n");
  RunProcess run(etcd, "a", {}, kSleep);
  ASSERT_TRUE(Eventually([&] { return run.Leads(); })) << run.log();
  etcd.Etcdctl("put /bellwether/elections/test/one/no-lease stranger");
  EXPECT_EQ(Bellwether(etcd, "leader test/one"), "a\nexit 0\n");
  const std::string queue = Bellwether(etcd, "queue test/one");
  EXPECT_LT(queue.find(" a "), queue.find("stranger")) << queue;
  EXPECT_THAT(queue, HasSubstr("orphan: no lease, never expires"));
  EXPECT_THAT(queue, HasSubstr("foreign"));
  EXPECT_THAT(Bellwether(etcd, "get"), HasSubstr("test/one"));
  EXPECT_EQ(Bellwether(etcd, "leader not-a-name"), "exit 2\n");
  etcd.Kill(0);
  EXPECT_EQ(Bellwether(etcd, "leader test/one"), "exit 4\n");
}

TEST(RunTest, RefusesWhatCannotWorkWithAReason) {
  EtcdServer etcd;
  RunProcess short_ttl(etcd, "a", {"--ttl=4s"}, "exit 0");
  EXPECT_EQ(short_ttl.Wait(), 2);
  EXPECT_THAT(short_ttl.log(), HasSubstr("5"));
  RunProcess name(etcd, "b", {"--election=Not/Valid"}, "exit 0");
  EXPECT_EQ(name.Wait(), 2);
  EXPECT_THAT(name.log(), HasSubstr("Not"));
}

}  // namespace
}  // namespace bellwether::cli
