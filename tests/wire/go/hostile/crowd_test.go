package hostile

import (
	"context"
	"fmt"
	"testing"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// 100,000 candidates in one queue: read at the start, then joined by more while it is watched. Others are served meanwhile.
func TestACrowdInOneQueue(t *testing.T) {
	const crowd, more = 100000, 300
	s := newStage(t, "")
	w := s.watchOver()
	join := func(from, to int) {
		t.Helper()
		const perTxn = 100
		for i := from; i < to; i += perTxn {
			var ops []clientv3.Op
			for j := i; j < min(i+perTxn, to); j++ {
				ops = append(ops, clientv3.OpPut(fmt.Sprintf("/crowd/%07d", j), fmt.Sprintf(`{"id":"candidate-%d"}`, j)))
			}
			if _, err := s.etcd.Client().Txn(context.Background()).Then(ops...).Commit(); err != nil {
				t.Fatal(err)
			}
		}
	}
	join(0, crowd)
	s.controller.Reload(fmt.Sprintf("etcd: {endpoints: [%q]}\nelections: {prefixes: [{election: test/crowd, prefix: /crowd}]}\n", s.etcd.Endpoints()[0]))
	known := func(want int) {
		t.Helper()
		cluster.Eventually(t, 2*patience, fmt.Sprintf("%d candidates are known", want), func() error {
			s.controller.MustLive()
			n, err := s.metric(`bellwether_election_candidates{election_namespace="test",election="crowd"}`)
			if err == nil && n != float64(want) {
				err = fmt.Errorf("%v", n)
			}
			return err
		})
	}
	known(crowd)
	for i := range more {
		join(crowd+i, crowd+i+1) // a revision each
	}
	known(crowd + more)
	if a := s.raw(withTarget("/v1/elections/test/crowd")); a.status != 200 {
		t.Errorf("the crowd is answered %d %q", a.status, a.problem)
	}
	w.over()
	s.bounded(400 * mebibyte)
}
