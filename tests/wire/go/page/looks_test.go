package page

import (
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/accessibility"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

//go:embed testdata/contrast.js
var contrast string

// furnish makes a page with some of everything on it.
func furnish(s *stage) {
	s.join("batch/report", candidate{ID: "report-7c9d5", Address: "http://10.0.0.1:8080", Value: "v1.4.2"})
	s.join("batch/report", candidate{ID: "report-x2k8p", Address: "http://10.0.0.2:8080"})
	s.put("batch/report", "legacy-host-1")
	for _, name := range []string{"batch/cleanup", "batch/invoices", "ingest/kafka-eu", "ingest/kafka-us", "web/scheduler"} {
		s.join(name, candidate{ID: name[strings.Index(name, "/")+1:] + "-0", Address: "tcp://10.0.1.7:9000"})
		s.join(name, candidate{ID: name[strings.Index(name, "/")+1:] + "-1"})
	}
	s.join("web/sessions", candidate{ID: "sessions-0"})
	s.leaveAll("web/sessions")
}

func TestLightAndDarkCanBeRead(t *testing.T) {
	s := newStage(t)
	furnish(s)
	b := newTab(t)
	b.open(s.URL("/#open=batch/report"))
	b.untilText("#queue .places", "legacy-host-1")
	b.press("?")
	b.until("document.querySelector('#help').open")
	var grounds []string
	look := func(name string) {
		t.Helper()
		b.shot(name)
		for _, low := range is[[]string](b, contrast) {
			t.Errorf("%s: %s", name, low)
		}
	}
	for _, scheme := range []string{"light", "dark"} {
		b.media("prefers-color-scheme", scheme)
		b.until(fmt.Sprintf("matchMedia('(prefers-color-scheme: %s)').matches", scheme))
		grounds = append(grounds, is[string](b, "getComputedStyle(document.body).backgroundColor"))
		look(scheme)
	}
	if grounds[0] == grounds[1] {
		t.Errorf("light and dark are both %s", grounds[0])
	}
	s.Stop()
	b.untilText("#notice", "Next try in ")
	look("dark-not-connected")
	b.media("prefers-color-scheme", "light")
	look("light-not-connected")
}

func TestAPhoneIsWideEnough(t *testing.T) {
	s := newStage(t)
	furnish(s)
	s.join(strings.Repeat("namespace-of-a-", 4)+"63/"+strings.Repeat("name-of-an-ele-", 4)+"63", candidate{ID: strings.Repeat("id", 120)})
	b := newTab(t)
	b.size(360, 740)
	b.open(s.URL("/"))
	b.untilText("#count-all", "8")
	fits := func(what string) {
		t.Helper()
		if width := is[int](b, "document.documentElement.scrollWidth"); width > 360 {
			t.Errorf("%s is %d wide", what, width)
		}
	}
	fits("the table")
	b.shot("phone")
	b.click("#rows .open[data-election='batch/report']")
	b.untilText("#queue .places", "legacy-host-1")
	fits("a queue")
	is[any](b, "document.querySelector('#queue').scrollIntoView(), null")
	b.shot("phone-queue")
	is[any](b, "document.querySelector('#help').open = true, document.querySelector('footer').scrollIntoView(), null")
	fits("the keys")
	// What can be touched is large enough for a finger (WCAG 2.2: 24 px).
	if small := is[[]string](b, `[...document.querySelectorAll('button, input, select, summary')].filter((e) => e.checkVisibility() &&
		!e.matches('[type=checkbox]') && (e.offsetHeight < 24 || e.offsetWidth < 24)).map((e) => e.outerHTML)`); len(small) > 0 {
		t.Errorf("too small to touch: %v", small)
	}
}

func TestTheKeyboardReachesAndDoesEverything(t *testing.T) {
	s := newStage(t)
	var names []string
	for i := range 60 {
		names = append(names, fmt.Sprintf("batch/job-%02d", i))
	}
	s.joinMany(names, func(i int) candidate { return candidate{ID: fmt.Sprint("host-", i), Address: "http://10.0.0.1"} })
	s.leaveAll("batch/job-59")
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#page-of", "1–50 of 60 elections")
	focused := "(document.activeElement.dataset.election ?? document.activeElement.id)"
	expect := func(key, expression string) {
		t.Helper()
		b.press(key)
		b.until(expression)
	}
	expect("/", focused+" === 'search'")
	b.press("JOB-4")
	b.untilText("#page-of", "1–10 of 10 elections")
	expect(kb.ArrowDown, focused+" === 'batch/job-40'")
	expect(kb.ArrowDown, focused+" === 'batch/job-41'")
	expect(kb.ArrowUp, focused+" === 'batch/job-40'")
	expect("j", focused+" === 'batch/job-41'")
	expect(kb.Enter, "queue.name === 'batch/job-41' && document.activeElement.ariaExpanded === 'true'")
	b.untilText("#queue .places", "host-41")
	expect("j", focused+" === 'batch/job-42'") // past the queue
	expect("k", focused+" === 'batch/job-41'")
	expect(kb.Escape, "queue.name === '' && "+focused+" === 'batch/job-41'")
	expect("/", focused+" === 'search'")
	expect(kb.Escape, "document.activeElement.value === '' && view.search === ''")
	b.untilText("#page-of", "1–50 of 60 elections")
	expect(kb.Escape, "document.activeElement === document.body")
	expect("n", "view.page === 2")
	expect("n", "view.page === 2") // the last one
	expect("b", "view.page === 1")
	expect("l", "elections.select(view).length === 1")
	expect("l", "elections.select(view).length === 60")
	expect("s", "view.sort === 'since'")
	expect("s", "view.sort === 'name'")

	// While paused nothing moves, and what is missed is counted.
	expect("p", "paused")
	s.join("batch/aaa", candidate{ID: "newcomer"})
	b.untilText("#pause", "Go on (1 change)")
	if rows := b.rows(); rows[0] != "batch/job-00" {
		t.Errorf("a paused page shows %s first", rows[0])
	}
	expect("p", "document.querySelector('#rows .open').dataset.election === 'batch/aaa'")
	expect("?", "document.querySelector('#help').open && document.activeElement.matches('summary')")

	// Tab goes everywhere, and one sees where.
	is[any](b, "document.querySelector('#help').open = true, byId('skip').focus(), null")
	var stops []string
	for range 130 {
		stop := is[string](b, `(() => {
			const e = document.activeElement, style = getComputedStyle(e), box = e.getBoundingClientRect();
			const seen = style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 && box.bottom > 0 && box.top < innerHeight;
			return (e.dataset.election ?? (e.id || e.parentElement.id || (e === document.body ? '' : e.textContent))) + (seen ? '' : ' UNSEEN');
		})()`)
		if stop == " UNSEEN" || len(stops) > 0 && stop == stops[0] { // the end of the page
			break
		}
		stops = append(stops, stop)
		b.press(kb.Tab)
	}
	for _, want := range []string{"skip", "search", "namespace", "leaderless", "pause", "by-name", "by-since", "batch/aaa", "batch/job-48", "next", "help",
		"keys-on", "elections as JSON", "readiness", "metrics"} {
		if !slices.Contains(stops, want) {
			t.Errorf("Tab does not reach %s, visibly: %q", want, stops)
		}
	}
	for _, stop := range stops {
		if strings.HasSuffix(stop, " UNSEEN") {
			t.Errorf("one does not see that the focus is on %q", stop)
		}
	}
	b.shot("keys")

	// Single keys can be switched off, and stay off.
	b.click("#keys-on")
	is[any](b, "document.activeElement.blur(), null")
	b.press("l")
	b.press("s")
	b.open(s.URL("/"))
	b.untilText("#page-of", "of 61 elections")
	b.press("n")
	b.press("l")
	if is[bool](b, "view.page !== 1 || view.leaderless || view.sort !== 'name'") {
		t.Error("keys that are switched off do something")
	}
}

// What a screen reader is told: a table with headers, buttons that say whether they are open, news without interruption.
func TestAScreenReaderIsTold(t *testing.T) {
	s := newStage(t)
	furnish(s)
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#count-all", "7")
	b.until("document.querySelectorAll('#rows .open').length === 7")
	tree, err := run(b, func(ctx context.Context, target *chromedp.Target) (accessibility.GetFullAXTreeResult, error) {
		return cdp.Call(ctx, target, accessibility.GetFullAXTree, accessibility.GetFullAXTreeParams{})
	})
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, node := range tree.Nodes {
		if node.Ignored || node.Role == nil || node.Name == nil {
			continue
		}
		told = append(told, strings.Trim(string(node.Role.Value), `"`)+" "+strings.Trim(string(node.Name.Value), `"`))
	}
	for _, want := range []string{"columnheader Election", "columnheader Leader", "columnheader Token", "columnheader Candidates",
		"columnheader Since", "columnheader Transitions", "rowheader batch/report", "button batch/report", "searchbox Search",
		"combobox Namespace", "checkbox without a leader only", "heading Bellwether", "link http://10.0.0.1:8080"} {
		if !slices.Contains(told, want) {
			t.Errorf("%q is not told, but %q", want, told)
		}
	}
	for selector, want := range map[string]string{
		"#state": "status polite", "#said": "status polite", "#by-name": "ascending", "#rows .open": "false queue", "#not-here": "status",
		"#tokens-invalid": "alert",
	} {
		got := is[string](b, fmt.Sprintf(`(() => { const e = document.querySelector(%q);
			return ['role', 'aria-live', 'aria-sort', 'aria-expanded', 'aria-controls'].map((name) => e.getAttribute(name)).filter(Boolean).join(' ') })()`, selector))
		if got != want {
			t.Errorf("%s is %q, not %q", selector, got, want)
		}
	}
	// What ticks is read out by nobody; what a person asked for is.
	if live := is[int](b, "document.querySelectorAll('[aria-live] time, [role] #as-of, [role=status] #notice-time').length"); live != 0 {
		t.Error("something that ticks is in a live region")
	}
	b.click("#leaderless")
	b.untilText("#said", "1–1 of 1 election")
}

func TestReducedMotionMovesNothing(t *testing.T) {
	s := newStage(t)
	first := s.join("batch/report", candidate{ID: "report-1"})
	b := newTab(t)
	for _, motion := range []string{"no-preference", "reduce"} {
		b.media("prefers-reduced-motion", motion)
		b.open(s.URL("/"))
		b.untilText("#rows tr", "report-1")
		s.join("batch/report", candidate{ID: "report-2"})
		s.leave(first)
		b.untilText("#rows tr", "report-2")
		want := map[string]string{"no-preference": "ease-out", "reduce": "step"}[motion]
		if got := is[string](b, "getComputedStyle(document.querySelector('tr.changed')).animationTimingFunction"); !strings.HasPrefix(got, want) {
			t.Errorf("with motion %s a change fades by %s", motion, got)
		}
		s.leaveAll("batch/report")
		first = s.join("batch/report", candidate{ID: "report-1"})
	}
}
