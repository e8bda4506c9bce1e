package page

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"strings"
	"testing"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// What is shown says how far it can be believed, and time stands still where nothing is known any more.
func TestEtcdStopsAndIsBack(t *testing.T) {
	s := newStage(t)
	s.join("batch/report", candidate{ID: "report-1"})
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#rows tr", "report-1")
	s.cluster.Kill(s.cluster.Members()[0])
	b.untilText("#state", "Stale since ")
	b.untilText("#notice", "has heard nothing from etcd since ")
	b.until("document.title.startsWith('Stale since')")
	b.shot("stale")
	since := b.text("#rows time")
	b.until("clock.now() - trust.now() > 5000")
	if now := b.text("#rows time"); now != since && !strings.HasSuffix(since, " s") {
		t.Errorf("the leader was said to lead since %q and now since %q", since, now)
	}
	if shown, known := b.text("#rows time"), is[string](b, "span(trust.now() - elections.get('batch/report').since)"); !strings.HasSuffix(shown, known) {
		t.Errorf("shows %q while %q is known", shown, known)
	}
	s.cluster.Start(s.cluster.Members()[0])
	s.cluster.WaitServing()
	b.untilText("#state", "Live")
	b.until("document.querySelector('#notice').hidden")
	s.leaveAll("batch/report")
	s.join("batch/report", candidate{ID: "report-2"})
	b.untilText("#rows tr", "report-2")

	// A page that is opened while etcd is silent says so too.
	s.cluster.Kill(s.cluster.Members()[0])
	b.untilText("#state", "Stale since ")
	late := newTab(t)
	late.open(s.URL("/"))
	late.untilText("#rows tr", "report-2")
	late.untilText("#state", "Stale since ")
}

func TestTheControllerStopsAndIsBack(t *testing.T) {
	s := newStage(t)
	s.join("batch/report", candidate{ID: "report-1"})
	s.join("batch/gone", candidate{ID: "gone-1"})
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#count-all", "2")
	is[int](b, "window.loaded = 1") // gone after a reload
	s.Stop()
	b.untilText("#state", "Not connected")
	b.untilText("#notice", "cannot be reached. What is shown is as of ")
	b.untilText("#notice", "Next try in ")
	b.shot("not-connected")
	s.leaveAll("batch/gone")
	s.leaveAll("batch/report")
	s.join("batch/report", candidate{ID: "report-2"})
	s.StartAgain()
	b.click("#try-now, #notice[hidden]")
	b.untilText("#state", "Live")
	b.untilText("#rows tr", "report-2")
	b.untilText("#count-all", "1") // what went meanwhile is not kept
	if is[int](b, "window.loaded ?? 0") != 1 {
		t.Error("the page was loaded again")
	}
}

// Beyond the server's limit it says so and comes back by itself.
func TestTooManyWatch(t *testing.T) {
	s := newStage(t, "http: {limits: {watchers: 1}}")
	s.join("batch/report", candidate{ID: "report-1"})
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	request, _ := http.NewRequestWithContext(ctx, http.MethodGet, s.URL("/v1/watch"), nil)
	stream, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer stream.Body.Close()
	if _, err := stream.Body.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#notice", "As many calls and streams wait for changes here as http.limits allow")
	b.untilText("#notice", "Next try in ")
	b.shot("too-many")
	stop()
	b.untilText("#state", "Live")
	b.untilText("#rows tr", "report-1")
}

// What a page that nobody looks at takes from the server is given back, and taken again when somebody looks.
func TestAHiddenPageGivesItsPlaceBack(t *testing.T) {
	s := newStage(t)
	s.join("batch/report", candidate{ID: "report-1"})
	b := newTab(t)
	b.beforeThePage(`
		let hidden = false;
		Object.defineProperty(document, 'hidden', {get: () => hidden});
		window.hide = (yes) => { hidden = yes; document.dispatchEvent(new Event('visibilitychange')); };
		const later = window.setTimeout;  // a minute is long for a test
		window.setTimeout = (what, ms) => later(what, ms === 60000 ? 100 : ms);`)
	b.open(s.URL("/"))
	b.untilText("#state", "Live")
	watchers := func(want string) {
		t.Helper()
		cluster.Eventually(t, time.Minute, want+" watch", func() error {
			if n := s.metric("bellwether_http_watchers"); n != want {
				return fmt.Errorf("%s do", n)
			}
			return nil
		})
	}
	watchers("1")
	is[any](b, "hide(true), null")
	watchers("0")
	s.leaveAll("batch/report")
	s.join("batch/report", candidate{ID: "report-2"})
	is[any](b, "hide(false), null")
	b.untilText("#state", "Live")
	b.untilText("#rows tr", "report-2")
}

// "since" is the server's time, whatever the person's clock says.
func TestAWrongClockDoesNotMatter(t *testing.T) {
	s := newStage(t)
	s.join("batch/report", candidate{ID: "report-1"})
	for _, wrongBy := range []string{"-7200000", "7200000"} {
		b := newTab(t)
		b.beforeThePage(`const right = Date.now; Date.now = () => right() + ` + wrongBy)
		b.open(s.URL("/"))
		b.untilText("#state", "Live")
		b.until("/^\\d+ s$|^[0-9] min$/.test(document.querySelector('#rows time').textContent)")
		b.until("Math.abs(clock.now() - right()) < 3000")
	}
}

// Through a proxy that plants a script and a handler into the page: neither runs.
func TestAPlantedScriptDoesNotRun(t *testing.T) {
	s := newStage(t)
	s.join("batch/report", candidate{ID: "report-1"})
	target, err := url.Parse(s.URL(""))
	if err != nil {
		t.Fatal(err)
	}
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.FlushInterval = -1
	proxy.ModifyResponse = func(answer *http.Response) error {
		if !strings.HasPrefix(answer.Header.Get("Content-Type"), "text/html") {
			return nil
		}
		body, err := io.ReadAll(answer.Body)
		if err != nil {
			return err
		}
		planted := strings.Replace(string(body), "<main>", `<main><script>window.planted = 1</script>
			<img src="x" onerror="window.planted = 2"><svg onload="window.planted = 3"></svg>
			<script src="/v1/elections"></script><base href="http://other.example/"><iframe src="/livez"></iframe>`, 1)
		answer.Body = io.NopCloser(strings.NewReader(planted))
		answer.Header.Set("Content-Length", fmt.Sprint(len(planted)))
		answer.ContentLength = int64(len(planted))
		return nil
	}
	front := httptest.NewServer(proxy)
	t.Cleanup(front.Close)
	t.Cleanup(front.CloseClientConnections)
	b := newTab(t)
	b.open(front.URL)
	b.untilText("#state", "Live") // the page's own script does
	b.untilText("#rows tr", "report-1")
	if planted := is[int](b, "window.planted ?? 0"); planted != 0 {
		t.Errorf("planted script %d ran", planted)
	}
	blocked := strings.Join(b.takeFaults(), "\n")
	for _, what := range []string{"inline script", "inline event handler", "/x'", "/v1/elections'", "base"} {
		if !strings.Contains(blocked, what) {
			t.Errorf("nothing says that %s was blocked:\n%s", what, blocked)
		}
	}
	// Nor could the page's own script make markup of text.
	if refused := is[bool](b, "(() => { try { document.body.innerHTML = '<b>'; return false } catch { return true } })()"); !refused {
		t.Error("innerHTML takes text")
	}
	b.takeFaults()
}

// Candidates choose ids, addresses and values. Nothing of that is markup, a script, or something that it is not.
func TestHostileCandidates(t *testing.T) {
	s := newStage(t)
	const markup = `<img src=x onerror="window.planted=1">`
	const turned = "safe\u202egpj.exe\u202c\u2066"
	long := strings.Repeat("W", 253)
	s.join("hostile/markup", candidate{ID: markup, Address: "javascript:window.planted=2", Value: "<script>window.planted=3</script>"})
	s.join("hostile/turned", candidate{ID: turned, Address: "data:text/html,<script>window.planted=4</script>"})
	s.join("hostile/"+strings.Repeat("n", 63), candidate{ID: long, Address: "http://" + strings.Repeat("a", 2000), Value: strings.Repeat("v", 15000)})
	s.put("hostile/bytes", "\xff\xfe\x00<b>")
	s.join("hostile/zalgo", candidate{ID: "z" + strings.Repeat("\u0353\u0316\u0334", 40)})
	s.join("hostile/arabic", candidate{ID: "خادم-1", Address: "http://مثال/"})
	b := newTab(t)
	b.open(s.URL("/"))
	b.untilText("#count-all", "6")
	b.untilText("#rows", markup)
	b.untilText("#rows", `safe\u{202e}gpj.exe\u{202c}\u{2066}`)
	b.untilText("#rows", long)
	for _, election := range []string{"markup", "turned", "bytes", strings.Repeat("n", 63)} {
		b.click(fmt.Sprintf("#rows .open[data-election='hostile/%s']", election))
		b.until("document.querySelector('#queue .places') !== null && queue.name.endsWith('" + election + "')")
	}
	b.shot("hostile")
	b.size(360, 640)
	b.until("document.documentElement.scrollWidth <= 360")
	b.shot("hostile-phone")
	b.size(1280, 900)
	if n := is[int](b, "window.planted ?? 0"); n != 0 {
		t.Errorf("planted script %d ran", n)
	}
	if n := is[int](b, "document.querySelectorAll('main img, main script, main b').length"); n != 0 {
		t.Errorf("%d elements were made of what candidates wrote", n)
	}
	links := is[[]string](b, "[...document.querySelectorAll('main a')].map((a) => a.protocol)")
	for _, protocol := range links {
		if protocol != "http:" {
			t.Errorf("a link leads to %s", protocol)
		}
	}
	if len(links) < 2 {
		t.Errorf("%d links are shown", len(links))
	}
	if height := is[int](b, "Math.max(...[...document.querySelectorAll('#rows > tr:not(.queue)')].map((tr) => tr.offsetHeight))"); height > 200 {
		t.Errorf("a row is %d high", height)
	}
	// Search and the page's address are somebody's text too.
	b.open(s.URL("/#search=%3Cimg%20src%3Dx%20onerror%3D%22window.planted%3D5%22%3E&namespace=%3Cb%3E&open=%3Cb%3E/%3Cb%3E"))
	b.untilText("#no-match", `with "<img src=x onerror="window.planted=5">" in its name`)
	if n := is[int](b, "window.planted ?? 0"); n != 0 {
		t.Errorf("planted script %d ran", n)
	}
}
