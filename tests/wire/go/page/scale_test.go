package page

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// 10,000 elections, and 100 changes of leader each second: the page shows few of them, and stays quick.
func TestTenThousandElections(t *testing.T) {
	const many = 10_000
	s := newStage(t)
	names := make([]string, many)
	for i := range names {
		names[i] = fmt.Sprintf("ns-%02d/election-%05d", i%40, i)
	}
	s.joinMany(names, func(i int) candidate {
		return candidate{ID: fmt.Sprintf("host-%05d", i), Address: fmt.Sprintf("http://10.%d.%d.1:8080", i/250, i%250), Value: "some value"}
	})
	slices.Sort(names)
	b := newTab(t)
	b.beforeThePage(`
		new MutationObserver(() => { if (!window.firstRow && document.querySelector('#rows tr')) window.firstRow = performance.now(); })
			.observe(document, {childList: true, subtree: true});`)
	b.open(s.URL("/"))
	b.until("elections.synced && window.firstRow !== undefined") // rows are drawn with the next frame
	t.Logf("first row after %.0f ms, all %d known after %.0f ms at most", is[float64](b, "firstRow"), many, is[float64](b, "performance.now()"))
	b.untilText("#page-of", "1–50 of 10,000 elections")
	b.shot("ten-thousand")
	bounded := func() {
		t.Helper()
		if n := is[int](b, "document.querySelectorAll('*').length"); n > 1000 {
			t.Errorf("the document has %d elements", n)
		}
	}
	bounded()
	heap := func() float64 { return is[float64](b, "performance.memory.usedJSHeapSize / 1048576") }
	t.Logf("JavaScript heap %.0f MiB", heap())

	// 100 changes a second while somebody types and turns pages.
	is[any](b, `(() => {
		let last = performance.now();
		window.worst = 0;
		const frame = (now) => { worst = Math.max(worst, now - last); last = now; requestAnimationFrame(frame); };
		requestAnimationFrame(frame);
		new PerformanceObserver((list) => { for (const e of list.getEntries()) window.longest = Math.max(window.longest ?? 0, e.duration); })
			.observe({type: 'longtask'});
	})()`)
	var changes atomic.Int64
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- s.change(ctx, names[:500], &changes) }()
	b.until("elections.get('" + names[0] + "').id.startsWith('leader-')")
	for _, search := range []string{"election-09999", "host-04", ""} {
		b.press("/")
		is[any](b, "byId('search').select(), null")
		if search == "" {
			b.press("\x1b")
		} else {
			b.press(search)
		}
		b.until(fmt.Sprintf("view.search === %q", search))
	}
	b.untilText("#page-of", "1–50 of 10,000 elections")
	for page := 2; page <= 6; page++ {
		b.click("#next")
		b.untilText("#page-of", fmt.Sprintf("%d–%d of 10,000", page*50-49, page*50))
	}
	b.click("#by-since button")
	b.until("document.querySelector('#rows .leader').textContent.startsWith('leader-')")
	cluster.Eventually(t, time.Minute, "enough has changed", func() error {
		if n := changes.Load(); n < 500 {
			return fmt.Errorf("%d changes", n)
		}
		return nil
	})
	stop()
	if err := <-ended; err != nil {
		t.Fatal(err)
	}
	bounded()
	t.Logf("%d changes of leader meanwhile; longest task %.0f ms, longest time without a frame %.0f ms, heap %.0f MiB", changes.Load(),
		is[float64](b, "window.longest ?? 0"), is[float64](b, "worst"), heap())
}

// change gives 100 elections each second another leader, until its context ends.
func (s *stage) change(ctx context.Context, elections []string, changes *atomic.Int64) error {
	const together = 10
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for n := 0; ; {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		var operations []clientv3.Op
		for range together {
			key := root + elections[n*37%len(elections)] + "/"
			// The key of a candidate that was there before goes, and one that joins takes its place.
			operations = append(operations, clientv3.OpDelete(key+fmt.Sprint(n/len(elections)%2+1)),
				clientv3.OpPut(key+fmt.Sprint((n/len(elections)+1)%2+1), candidate{ID: fmt.Sprint("leader-", n)}.text()))
			n++
		}
		if _, err := s.cluster.Client().Txn(ctx).Then(operations...).Commit(); err != nil && ctx.Err() == nil {
			return err
		}
		changes.Add(together)
	}
}
