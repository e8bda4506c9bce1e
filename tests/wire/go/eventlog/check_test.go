package eventlog

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

// act makes the acts of one holder, each 5 ms.
func act(id string, token, fromMs, toMs int64) []Event {
	var events []Event
	for at := fromMs; at <= toMs; at += 5 {
		events = append(events, Event{T: at * ms, Kind: Act, Election: "e", ID: id, Token: token, PID: int(token)})
	}
	return events
}

// foreignStop is how long a holder may act after a foreign delete of its key, or after a snapshot's return.
const foreignStop = time.Second

func at(kind Kind, atMs int64) []Event {
	e := Event{T: atMs * ms, Kind: kind, Election: "e"}
	if kind == Foreign || kind == Restored {
		e.Within = foreignStop
	}
	return []Event{e}
}

func calm(atMs int64, within time.Duration) []Event {
	return []Event{{T: atMs * ms, Kind: Calm, Election: "e", Within: within}}
}

func expect(atMs, token int64, within time.Duration) []Event {
	return []Event{{T: atMs * ms, Kind: Expect, Election: "e", Token: token, Within: within}}
}

func history(parts ...[]Event) []Event {
	var all []Event
	for _, part := range parts {
		all = append(all, part...)
	}
	return all
}

func TestAcceptsAnOrderlyHistory(t *testing.T) {
	report := Check(history(
		act("a", 10, 0, 1000), at(Cause, 1000), expect(1000, 10, 200*time.Millisecond), act("b", 11, 1100, 2000),
		at(Cause, 2000), act("a", 12, 2005, 3000)))
	if len(report.Violations) != 0 || report.Changes != 2 || len(report.Excepted) != 0 {
		t.Fatalf("%+v", report)
	}
	if len(report.Failovers) != 1 || report.Failovers[0] != 100*time.Millisecond {
		t.Fatalf("failovers %v", report.Failovers)
	}
}

func TestCatchesEachPlantedViolation(t *testing.T) {
	for _, planted := range []struct {
		name   string
		events []Event
		want   Rule
	}{
		{"the old holder acts once after the new one began",
			history(act("a", 10, 0, 1000), at(Cause, 900), act("b", 11, 1000, 2000)), TwoHolders},
		{"a holder wakes up long after and acts on its old token",
			history(act("a", 10, 0, 1000), at(Cause, 1000), act("b", 11, 1100, 3000), act("a", 10, 2500, 2500)), TwoHolders},
		{"a whole term inside another one",
			history(act("a", 10, 0, 3000), at(Cause, 900), act("b", 11, 1000, 1200)), TwoHolders},
		{"an old holder outlives two successors",
			history(act("a", 10, 0, 1000), at(Cause, 1000), act("b", 11, 1100, 1200), at(Cause, 1200),
				act("c", 12, 1300, 1400), act("a", 10, 1500, 1500)), TwoHolders},
		{"a foreign delete that reached the holder too late",
			history(act("a", 10, 0, 2500), at(Foreign, 1000), act("b", 11, 1010, 3000)), TwoHolders},
		{"a foreign delete after the overlap began",
			history(act("a", 10, 0, 1500), at(Cause, 900), act("b", 11, 1000, 2000), at(Foreign, 1200)), TwoHolders},
		{"two processes with one token",
			history(act("a", 10, 0, 1000), at(Cause, 500), act("b", 10, 1100, 2000)), TokenGrows},
		{"a smaller token",
			history(act("a", 10, 0, 1000), at(Cause, 1000), act("b", 9, 1100, 2000)), TokenGrows},
		{"a smaller token two terms later",
			history(act("a", 10, 0, 100), at(Cause, 100), act("b", 12, 110, 200), at(Cause, 200), act("c", 11, 210, 300)), TokenGrows},
		{"a leader too late",
			history(act("a", 10, 0, 1000), at(Cause, 1000), expect(1000, 10, time.Second), act("b", 11, 2500, 3000)), LeaderAgain},
		{"no leader at all",
			history(act("a", 10, 0, 1000), at(Cause, 1000), expect(1000, 10, time.Second)), LeaderAgain},
		{"the old leader again does not count as a new one",
			history(act("a", 10, 0, 3000), at(Cause, 1000), expect(1000, 10, time.Second)), LeaderAgain},
		{"a change without a cause",
			history(act("a", 10, 0, 1000), act("b", 11, 1100, 2000)), NoCause},
		{"a change in a calm time",
			history(act("a", 10, 0, 1000), at(Cause, 500), calm(1000, time.Second), act("b", 11, 1100, 2000)), StaysCalm},
		{"a smaller token after a restore that came before both",
			history(at(Restored, 0), act("a", 10, 100, 1000), at(Cause, 1000), act("b", 9, 1100, 2000)), TokenGrows},
		{"a smaller token before the restore",
			history(act("a", 10, 0, 1000), at(Cause, 1000), act("b", 9, 1100, 2000), at(Restored, 1500)), TokenGrows},
		{"a holder that outlives a restore for too long",
			history(act("a", 10, 0, 2500), at(Restored, 1000), act("b", 5, 1100, 3000)), TwoHolders},
		{"a cause before the term cannot have ended it",
			history(at(Cause, 0), act("a", 10, 100, 1000), act("b", 11, 1100, 2000)), NoCause},
	} {
		t.Run(planted.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "log")
			log, err := Open(path)
			if err != nil {
				t.Fatal(err)
			}
			defer log.Close()
			for _, e := range planted.events {
				e.T++ // 0 would be stamped with the present
				if _, err := log.Add(e); err != nil {
					t.Fatal(err)
				}
			}
			events, err := Read(path)
			if err != nil {
				t.Fatal(err)
			}
			for _, violation := range Check(events).Violations {
				if violation.Rule == planted.want {
					return
				}
			}
			t.Fatalf("not caught: %+v\n%s", Check(events), Render(events))
		})
	}
}

func TestCountsTheExceptedClassApart(t *testing.T) {
	report := Check(history(act("a", 10, 0, 1020), at(Foreign, 1000), act("b", 11, 1010, 2000)))
	if len(report.Violations) != 0 || len(report.Excepted) != 1 {
		t.Fatalf("%+v", report)
	}
}

func TestTellsARestoreApart(t *testing.T) {
	report := Check(history(act("a", 10, 0, 1300), at(Restored, 1000), act("b", 5, 1100, 2000)))
	if len(report.Violations) != 0 || len(report.Restored) != 1 || len(report.Excepted) != 0 {
		t.Fatalf("%+v", report)
	}
}

func TestKeepsElectionsApart(t *testing.T) {
	other := act("b", 3, 500, 700)
	for i := range other {
		other[i].Election = "other"
	}
	report := Check(history(act("a", 10, 0, 1000), other))
	if len(report.Violations) != 0 || len(report.Terms) != 2 {
		t.Fatalf("%+v", report)
	}
}

func TestACauseWithoutAnElectionCountsForAll(t *testing.T) {
	report := Check(history(act("a", 10, 0, 1000), []Event{{T: 1000 * ms, Kind: Cause}}, act("b", 11, 1100, 2000)))
	if len(report.Violations) != 0 {
		t.Fatalf("%+v", report)
	}
}

func TestOneHolderMayStartItsProgramAgain(t *testing.T) {
	again := act("a", 10, 1100, 2000)
	for i := range again {
		again[i].PID++
	}
	report := Check(history(act("a", 10, 0, 1000), again))
	if len(report.Violations) != 0 || report.Changes != 0 {
		t.Fatalf("%+v", report)
	}
}

func TestLeavesOutALineThatWasCutShort(t *testing.T) {
	path := filepath.Join(t.TempDir(), "log")
	if err := os.WriteFile(path, []byte("{\"t\":1,\"kind\":\"act\",\"election\":\"e\"}\n{\"t\":2,\"ki"), 0o600); err != nil {
		t.Fatal(err)
	}
	events, err := Read(path)
	if err != nil || len(events) != 1 {
		t.Fatal(events, err)
	}
	if text := Render(events); !strings.Contains(text, "act ×1") {
		t.Fatal(text)
	}
}
