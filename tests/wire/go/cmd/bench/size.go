package main

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

const scrapes = 10

// size measures one controller with very many elections: its start, its memory, its processor time when nothing changes, and
// what a scrape of all of them costs.
func size(b *bench) Table {
	n := b.scale.places
	c := b.etcd()
	b.fill(c, n, 1000)
	t := Table{
		Title:   fmt.Sprintf("Size: one controller with %d elections of %d candidates", n, candidates),
		Columns: []string{"WHAT", "WHO", "FIGURE"},
		Notes: []string{
			fmt.Sprintf("start: from exec to the first 200 of /readyz, %d keys listed; the Go client's: one Get of them all, nothing parsed", n*candidates),
			fmt.Sprintf("processor time over %.0f s in which nothing changes, safety re-reads on", b.scale.idle.Seconds()),
			fmt.Sprintf("scrape: %d of /metrics one after the other, all elections exported; memory is the most above what was resident before", scrapes),
		},
	}
	b.say("a controller starts")
	ours := b.startController(c, "{}")
	took := ours.served("/readyz").Sub(ours.started)
	ours.served("/v1/elections/bench/" + electionName(n-1) + "/leader")
	t.Add("start", "bellwether", ms(took))
	t.Add("", "Go client's Get", ms(b.listOfGo(c)))
	b.say("nothing changes for %s", b.scale.idle)
	b.wait(b.scale.quiet)
	before := b.processorTime(ours.pid())
	b.wait(b.scale.idle)
	used := b.processorTime(ours.pid()) - before
	resident := b.memory(ours.pid(), "VmRSS")
	t.Add("memory", "bellwether", mib(resident))
	t.Add("", "of which an election", fmt.Sprintf("%d bytes", resident/int64(n)))
	t.Add("processor when idle", "bellwether", fmt.Sprintf("%.2f %% of a core", 100*used.Seconds()/b.scale.idle.Seconds()))
	b.say("scraping")
	b.forgetPeak(ours.pid())
	var scraped []time.Duration
	var bytes int64
	for range scrapes {
		from := time.Now()
		bytes = b.get(ours.url + "/metrics")
		scraped = append(scraped, time.Since(from))
	}
	samples := sorted(scraped)
	t.Add("scrape", "bellwether", fmt.Sprintf("%s (worst %s), %s of text", ms(samples.Percentile(50)), ms(samples[len(samples)-1]), mib(bytes)))
	t.Add("", "", mib(b.memory(ours.pid(), "VmHWM")-resident)+" of memory")
	ours.end()
	t.Add("", "prometheus-cpp's registry", b.registry(n))
	c.Kill(c.Members()[0])
	b.say("Go clients observe %d elections", b.scale.observed)
	bytes = b.memoryOfGoObservers()
	t.Add("memory", fmt.Sprintf("Go Election.Observe of %d", b.scale.observed), mib(bytes))
	t.Add("", "of which an election", fmt.Sprintf("%d bytes", bytes/int64(b.scale.observed)))
	return t
}

func (b *bench) get(url string) int64 {
	answer, err := http.Get(url)
	if err != nil {
		b.Fatal(err)
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err != nil || answer.StatusCode != http.StatusOK {
		b.Fatalf("%s: status %d, %v", url, answer.StatusCode, err)
	}
	return n
}

func (b *bench) listOfGo(c *cluster.Cluster) time.Duration {
	from := time.Now()
	if _, err := c.Client().Get(b.Context(), root+"/", clientv3.WithPrefix()); err != nil {
		b.Fatal(err)
	}
	return time.Since(from)
}

func (b *bench) registry(elections int) string {
	out, err := exec.Command(b.tool("bench_registry"), fmt.Sprint(elections)).Output()
	if err != nil {
		b.Fatalf("bench_registry: %v", err)
	}
	var took float64
	var memory int64
	if _, err := fmt.Sscanf(string(out), "median_ms %f bytes %d", &took, &memory); err != nil {
		b.Fatalf("bench_registry said %q", out)
	}
	return fmt.Sprintf("%.2f ms, %s of memory", took, mib(memory))
}

func (b *bench) memoryOfGoObservers() int64 {
	c := b.etcd()
	b.fill(c, b.scale.observed, 1000)
	o := b.startObservers(c)
	bytes := b.memory(o.process.Process.Pid, "VmRSS")
	o.end()
	c.Kill(c.Members()[0])
	return bytes
}
