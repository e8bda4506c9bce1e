package eventlog

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"time"
)

// Term is one holder's time in office: from its first act to its last one.
type Term struct {
	Election string
	ID       string
	Token    int64
	PID      int
	First    int64
	Last     int64
	Acts     int
}

// Rule names what a violation breaks.
type Rule string

const (
	TwoHolders  Rule = "two holders act at once"
	TokenGrows  Rule = "tokens strictly grow"
	LeaderAgain Rule = "a leader again in time"
	NoCause     Rule = "no change without a cause"
	StaysCalm   Rule = "no change while nothing is done"
)

type Violation struct {
	Rule     Rule
	Election string
	Text     string
}

func (v Violation) String() string { return fmt.Sprintf("%s: %s: %s", v.Election, v.Rule, v.Text) }

// Report is what the checker found. Excepted are overlaps of the one class that the design excepts: a foreign delete or
// revoke of a live leader's key, whose holder stops when the event reaches it, or at its deadline. Restored are a class of
// their own: overlaps across a snapshot's return, which no election on the store itself can prevent.
type Report struct {
	Terms      []Term
	Violations []Violation
	Excepted   []string
	Restored   []string
	Changes    int
	Failovers  []time.Duration // of each Expect that was met: from its time to the first act
}

// Check judges a whole log.
func Check(events []Event) Report {
	var report Report
	byElection := map[string][]Event{}
	var general []Event // causes of every election
	for _, e := range events {
		if e.Election == "" {
			general = append(general, e)
			continue
		}
		byElection[e.Election] = append(byElection[e.Election], e)
	}
	names := make([]string, 0, len(byElection))
	for name := range byElection {
		names = append(names, name)
	}
	sort.Strings(names)
	for _, name := range names {
		one := append(append([]Event{}, byElection[name]...), general...)
		sort.SliceStable(one, func(i, j int) bool { return one[i].T < one[j].T })
		checkElection(name, one, &report)
	}
	return report
}

func checkElection(name string, events []Event, report *Report) {
	terms := termsOf(name, events)
	report.Terms = append(report.Terms, terms...)
	fail := func(rule Rule, format string, args ...any) {
		report.Violations = append(report.Violations, Violation{rule, name, fmt.Sprintf(format, args...)})
	}
	for i, a := range terms {
		for _, b := range terms[i+1:] {
			if b.First <= a.Last {
				judgeOverlap(a, b, events, report, fail)
			}
			// The same holder starting its program again keeps its token.
			smaller := b.Token < a.Token || (b.Token == a.Token && b.ID != a.ID)
			if smaller && !happened(events, a.First, b.First, Restored) {
				fail(TokenGrows, "%s came after %s", b.text(), a.text())
			}
		}
	}
	for i := 1; i < len(terms); i++ {
		a, b := terms[i-1], terms[i]
		if a.Token == b.Token && a.ID == b.ID {
			continue
		}
		report.Changes++
		if !happened(events, a.First, b.First, Cause, Foreign, Restored) {
			fail(NoCause, "%s followed %s", b.text(), a.text())
		}
		for _, e := range events {
			if e.Kind == Calm && b.First > e.T && b.First <= e.T+int64(e.Within) {
				fail(StaysCalm, "%s followed %s %s after %s", b.text(), a.text(), time.Duration(b.First-e.T), e.Text)
			}
		}
	}
	for _, e := range events {
		if e.Kind == Expect && e.Election == name {
			checkExpect(e, events, report, fail)
		}
	}
}

// termsOf groups acts by holder, in order of the first act. One holder is one process with one token.
func termsOf(name string, events []Event) []Term {
	type holder struct {
		id    string
		token int64
		pid   int
	}
	index := map[holder]int{}
	var terms []Term
	for _, e := range events {
		if e.Kind != Act {
			continue
		}
		key := holder{e.ID, e.Token, e.PID}
		at, known := index[key]
		if !known {
			at = len(terms)
			index[key] = at
			terms = append(terms, Term{Election: name, ID: e.ID, Token: e.Token, PID: e.PID, First: e.T})
		}
		terms[at].Last = e.T
		terms[at].Acts++
	}
	return terms
}

func judgeOverlap(a, b Term, events []Event, report *Report, fail func(Rule, string, ...any)) {
	text := fmt.Sprintf("%s acted until %s after %s had begun", a.text(), time.Duration(a.Last-b.First), b.text())
	for _, e := range events {
		if e.T < a.First || e.T > b.First || a.Last > e.T+int64(e.Within) {
			continue
		}
		switch e.Kind {
		case Foreign:
			report.Excepted = append(report.Excepted, text)
			return
		case Restored:
			report.Restored = append(report.Restored, text)
			return
		}
	}
	fail(TwoHolders, "%s", text)
}

// happened says whether an event of these kinds lies between two times.
func happened(events []Event, from, to int64, kinds ...Kind) bool {
	for _, e := range events {
		if e.T >= from && e.T <= to && slices.Contains(kinds, e.Kind) {
			return true
		}
	}
	return false
}

func checkExpect(expect Event, events []Event, report *Report, fail func(Rule, string, ...any)) {
	for _, e := range events {
		if e.Kind != Act || e.T < expect.T || e.Token <= expect.Token {
			continue
		}
		took := time.Duration(e.T - expect.T)
		if took > expect.Within {
			fail(LeaderAgain, "%s (token above %d) took %s, more than %s", expect.Text, expect.Token, took, expect.Within)
		} else {
			report.Failovers = append(report.Failovers, took)
		}
		return
	}
	fail(LeaderAgain, "%s: nobody with a token above %d ever acted (within %s)", expect.Text, expect.Token, expect.Within)
}

func (t Term) text() string { return fmt.Sprintf("%s (token %d, pid %d)", t.ID, t.Token, t.PID) }

// Render shows the log for people: acts of one holder in a row become one line.
func Render(events []Event) string {
	if len(events) == 0 {
		return "(no events)"
	}
	var out strings.Builder
	zero := events[0].T
	at := func(t int64) string { return fmt.Sprintf("%10.3f s", float64(t-zero)/1e9) }
	open := map[string]*Term{}
	var order []string
	flush := func() {
		for _, key := range order {
			t := open[key]
			fmt.Fprintf(&out, "%s  act ×%d until %s  %s %s\n", at(t.First), t.Acts, at(t.Last), t.Election, t.text())
		}
		open, order = map[string]*Term{}, nil
	}
	for _, e := range events {
		if e.Kind != Act {
			flush()
			fmt.Fprintf(&out, "%s  %-7s %s %s", at(e.T), e.Kind, e.Election, e.ID)
			if e.Token != 0 {
				fmt.Fprintf(&out, " token %d", e.Token)
			}
			if e.PID != 0 {
				fmt.Fprintf(&out, " pid %d", e.PID)
			}
			if e.Within != 0 {
				fmt.Fprintf(&out, " within %s", e.Within)
			}
			fmt.Fprintf(&out, " %s\n", e.Text)
			continue
		}
		key := fmt.Sprint(e.Election, e.ID, e.Token, e.PID)
		t := open[key]
		if t == nil {
			t = &Term{Election: e.Election, ID: e.ID, Token: e.Token, PID: e.PID, First: e.T}
			open[key] = t
			order = append(order, key)
		}
		t.Last = e.T
		t.Acts++
	}
	flush()
	return out.String()
}
