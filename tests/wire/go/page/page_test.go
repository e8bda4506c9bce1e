package page

import (
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"syscall"
	"testing"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

func TestTheTableFillsAndFollows(t *testing.T) {
	s := newStage(t)
	s.join("batch/report", candidate{ID: "report-1", Address: "http://10.0.0.1:8080"})
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#state", "Live")
	b.untilText("#rows tr", "report-1")
	is[int](b, "window.loaded = 1") // gone after a reload
	if link := is[string](b, "document.querySelector('#rows a.address').href"); link != "http://10.0.0.1:8080/" {
		t.Errorf("the address leads to %q", link)
	}

	first := s.join("batch/other", candidate{ID: "other-1"})
	s.join("batch/other", candidate{ID: "other-2"})
	b.untilText("#rows tr", "other-1")
	b.until("document.querySelector('#rows tr .middle').textContent === '2'")
	s.leave(first)
	b.untilText("#rows tr", "other-2")
	b.until("document.querySelector('#rows tr').classList.contains('changed')")
	b.untilText("#as-of", fmt.Sprint("as of revision ", s.revision()))
	if rows := b.rows(); !slices.Equal(rows, []string{"batch/other", "batch/report"}) {
		t.Errorf("shows %v", rows)
	}

	s.leaveAll("batch/report")
	b.untilText("#count-vacant", "1")
	b.untilText("#rows tr.vacant", "no leader")
	b.untilText("#rows tr.vacant .since", "none for ")
	b.until("document.title.startsWith('1 without a leader')")
	for selector, want := range map[string]string{"#count-all": "2", "#count-led": "1", "#count-candidates": "1"} {
		if got := b.text(selector); got != want {
			t.Errorf("%s shows %q, not %q", selector, got, want)
		}
	}
	if is[int](b, "window.loaded ?? 0") != 1 {
		t.Error("the page was loaded again")
	}
}

// What the page says to do where there is no election does it.
func TestAnEmptyPageTellsHowToBegin(t *testing.T) {
	s := newStage(t)
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#empty", "No elections yet")
	b.shot("empty")
	command := strings.Replace(b.text("#first-candidate"), "http://127.0.0.1:2379", s.cluster.Endpoints()[0], 1)
	words := strings.Fields(command)
	if words[0] != "bellwether" || !strings.Contains(command, s.cluster.Endpoints()[0]) {
		t.Fatalf("tells to run %q", command)
	}
	cmd := exec.Command(cluster.Bellwether(t), words[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	b.until("document.querySelector('#rows .open')?.dataset.election === 'demo/first'")
	b.until("document.querySelector('#empty').hidden")
}

func TestSearchFiltersOrderAndPages(t *testing.T) {
	s := newStage(t)
	var names []string
	for i := range 120 {
		names = append(names, fmt.Sprintf("%s/job-%03d", []string{"batch", "web"}[i%2], i))
	}
	s.joinMany(names, func(i int) candidate {
		return candidate{ID: fmt.Sprintf("host-%d", i), Address: fmt.Sprintf("http://10.1.0.%d", i)}
	})
	s.leaveAll("web/job-001")
	slices.Sort(names)
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#page-of", "1–50 of 120 elections")
	if rows := b.rows(); !slices.Equal(rows, names[:50]) {
		t.Errorf("the first page is %v", rows)
	}
	b.click("#next")
	b.click("#next")
	b.untilText("#page-of", "101–120 of 120 elections")
	if rows := b.rows(); !slices.Equal(rows, names[100:]) {
		t.Errorf("the last page is %v", rows)
	}
	if !is[bool](b, "document.querySelector('#next').disabled") {
		t.Error("there is a page after the last one")
	}

	// Words match name, leader and address, in any case.
	for search, want := range map[string]string{"JOB-11 web": "web/job-111", "host-77": "web/job-077", "10.1.0.42": "batch/job-042"} {
		is[any](b, fmt.Sprintf("byId('search').value = %q, byId('search').dispatchEvent(new Event('input')), null", search))
		b.until(fmt.Sprintf("document.querySelector('#rows .open').dataset.election.includes('job-') && "+
			"[...document.querySelectorAll('#rows .open')].some((row) => row.dataset.election === %q)", want))
		b.until("elections.select(view).length < 10")
	}
	is[any](b, "byId('search').value = 'nothing has this', byId('search').dispatchEvent(new Event('input')), null")
	b.untilText("#no-match", `with "nothing has this" in its name`)
	b.click("#clear")
	b.untilText("#page-of", "of 120 elections")

	is[any](b, "byId('namespace').value = 'web', byId('namespace').dispatchEvent(new Event('change')), null")
	b.untilText("#page-of", "1–50 of 60 elections")
	b.click("#leaderless")
	b.untilText("#page-of", "1–1 of 1 election")
	if rows := b.rows(); !slices.Equal(rows, []string{"web/job-001"}) {
		t.Errorf("without a leader are %v", rows)
	}
	if at := is[string](b, "location.hash"); at != "#namespace=web&leaderless=1" {
		t.Errorf("the address says %q", at)
	}
	is[any](b, "history.back(), null")
	b.untilText("#page-of", "1–50 of 60 elections")

	// The last change is the first row.
	s.leaveAll("batch/job-064")
	s.join("batch/job-064", candidate{ID: "newest"})
	b.click("#by-since button")
	is[any](b, "byId('namespace').value = '', byId('namespace').dispatchEvent(new Event('change')), null")
	b.until("document.querySelector('#rows .open').dataset.election === 'batch/job-064'")
	b.until("byId('by-since').ariaSort === 'descending' && byId('by-name').ariaSort === null")

	// The address brings somebody else to the same place; an open election to the page that it is on.
	other := newTab(t)
	other.open(s.URL("/#open=web/job-119"))
	other.untilText("#page-of", "101–120 of 120 elections")
	other.untilText("#queue", "host-119")
	other.open(s.URL("/#search=job-1&page=1&sort=since"))
	other.untilText("#page-of", "1–20 of 20 elections")
	other.open(s.URL("/#open=no/such"))
	other.untilText("#not-here", "no/such is not among these")
}

func TestAnOpenQueueFollows(t *testing.T) {
	s := newStage(t)
	first := s.join("batch/report", candidate{ID: "report-1", Address: "http://10.0.0.1:8080", Value: "blue"})
	s.put("batch/report", "legacy-1")
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#rows tr", "report-1")
	b.click("#rows .open")
	b.untilText("#queue .places", "report-1 leads http://10.0.0.1:8080")
	b.untilText("#queue .places", "value blue")
	b.untilText("#queue .places li:nth-child(2)", "legacy-1 foreign")
	b.untilText("#queue .facts", "/bellwether/elections/batch/report")
	b.shot("queue")
	s.join("batch/report", candidate{ID: "report-3"})
	b.untilText("#queue .places li:nth-child(3)", "report-3")
	s.leave(first)
	b.untilText("#queue .places li:nth-child(1)", "legacy-1 leads")

	for i := range 150 {
		s.join("batch/long", candidate{ID: fmt.Sprint("waits-", i)})
	}
	b.click("#rows .open[data-election='batch/long']")
	b.untilText("#queue", "and 50 candidates more")
	if n := is[int](b, "document.querySelectorAll('#queue li').length"); n != 100 {
		t.Errorf("%d places are shown of 150", n)
	}
	if n := is[int](b, "document.querySelectorAll('.open[aria-expanded=true]').length"); n != 1 {
		t.Errorf("%d queues are open", n)
	}
	b.click("#rows .open[data-election='batch/long']")
	b.until("document.querySelector('#queue') === null && location.hash === ''")
}

func TestThePartsThatKnowNoDocument(t *testing.T) {
	s := newStage(t)
	b := newTab(t)
	b.open(s.URL("/"))
	for expression, want := range map[string]string{
		`span(-5)`: "0 s", `span(59999)`: "59 s", `span(60000)`: "1 min", `span(3599999)`: "59 min", `span(3600000)`: "1 h 0 min",
		`span(86400000 * 3 + 3600000 * 4)`: "3 d 4 h", `span(86400000 * 1234)`: "1,234 d",
		`shown('plain \u00e9\u4e2d')`:                 "plain é中",
		`shown('a\u202eb\u0000c\u200bd\ufeff\u2066')`: `a\u{202e}b\u{0}c\u{200b}d\u{feff}\u{2066}`,
		`shown('abcdef', 3)`:                          "abc…", `shown('ab\u{1f600}', 3)`: "ab…",
		`String(webAddress('javascript:alert(1)'))`: "null", `String(webAddress('JAVASCRIPT:alert(1)'))`: "null",
		`String(webAddress(' data:text/html,x'))`: "null", `String(webAddress('10.0.0.1:80'))`: "null",
		`webAddress('https://h:1/p')`: "https://h:1/p",
		`String(instant(null))`:       "null", `String(instant('x'))`: "null", `String(instant('1970-01-01T00:00:01.500Z'))`: "1500",
		// From half to all of what doubles, up to 30 s; never less than the server asks for.
		`[0, 1, 2, 9].map((n) => backOff(n, 0) + '-' + backOff(n, 1)).join()`: "500-1000,1000-2000,2000-4000,15000-30000",
		`String(backOff(0, 0, 7000))`:                                         "7000",
		`(() => { const c = new ServerClock(() => 1000); c.measure(600, new Date(50000).toUTCString()); return String(c.now()) })()`:        "50700",
		`(() => { const c = new ServerClock(() => 1000); c.measure(600, null); c.isPast(null); c.isPast(4000); return String(c.now()) })()`: "4000",
		`JSON.stringify(parseAddress('#search=%22x&page=-3&sort=up&open=<b>&leaderless=1'))`:                                                `{"search":"\"x","namespace":"","leaderless":true,"sort":"name","page":1,"open":""}`,
		`formatAddress(parseAddress('#page=7&open=a/b&search=x+y'))`:                                                                        "#search=x+y&open=a/b",
		`formatAddress(parseAddress(''))`: "",
		// However the text is cut; a comment may carry an id; fields that are not known are nothing.
		`(() => {
			const text = 'id: 7\nevent: leader\ndata: {"a":1}\n\n: beat\n\nid: 9-1\r\n\r\nretry: 1\ndata:x\ndata: y\n\nid:\nevent: reset\ndata: {}\n\nid: 11\ndata: half';
			const said = new Set();
			for (let size = 1; size <= text.length; size++) {
				const parser = new EventParser('5');
				const heard = [];
				for (let at = 0; at < text.length; at += size) {
					parser.feed(text.slice(at, at + size), (type, data) => heard.push(type + '=' + data + '@' + parser.lastId));
				}
				said.add(heard.join(' ') + ' ' + parser.lastId);
			}
			return [...said].join('|');
		})()`: "leader={\"a\":1}@5 =x\ny@9-1 reset={}@9-1 ",
	} {
		if got := is[string](b, expression); got != want {
			t.Errorf("%s is %q, not %q", expression, got, want)
		}
	}
	if n := is[int](b, "new TextEncoder().encode(document.documentElement.outerHTML).length"); n > 64<<10 {
		t.Errorf("the page has %d bytes", n)
	}
}
