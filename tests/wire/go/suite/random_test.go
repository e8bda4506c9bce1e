package suite

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// TestRandomFaults makes faults at random. BELLWETHER_SOAK_FOR is how long, for each version; BELLWETHER_SOAK_SEED chooses the
// faults, though not the machine's own timing. A soak also watches that nothing changes in calm times.
func TestRandomFaults(t *testing.T) {
	long := os.Getenv("BELLWETHER_SOAK_FOR")
	lasts := 20 * time.Second
	if long != "" {
		var err error
		if lasts, err = time.ParseDuration(long); err != nil {
			t.Fatal("BELLWETHER_SOAK_FOR: ", err)
		}
	}
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("BELLWETHER_SOAK_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatal("BELLWETHER_SOAK_SEED: ", err)
		}
	}
	everyVersion(t, cluster.Options{Members: 3, Quota: 16 << 20}, func(t *testing.T, c *cluster.Cluster) {
		t.Logf("BELLWETHER_SOAK_SEED=%d", seed)
		chaos := NewChaos(t, c, rand.New(rand.NewPCG(seed, 0)), "job", "other")
		end := time.Now().Add(lasts)
		rounds := 0
		for ; rounds == 0 || time.Now().Before(end); rounds++ {
			chaos.Round()
			if long != "" && rounds%4 == 0 {
				chaos.Calm(ttl + 2*time.Second)
			}
		}
		t.Logf("%d rounds: %v", rounds, chaos.done)
	})
}
