package main

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"

	"bellwether.io/bellwether/tests/wire/go/cluster"
)

// Of the leases of places: longer than any figure takes, and nobody keeps them alive.
const placeTTLSeconds = 3600

// Puts in one transaction: etcd takes 128 at most unless it is told otherwise.
const putsPerTxn = 100

func electionName(e int) string { return fmt.Sprintf("e%06d", e) }

func electionPrefix(e int) string { return root + "/bench/" + electionName(e) }

// fill puts the places of so many elections, three candidates each, as candidates do that share leases: `perLease` elections
// each. It gives the leases of the first candidates, who lead.
func (b *bench) fill(c *cluster.Cluster, elections, perLease int) []clientv3.LeaseID {
	b.say("putting %d places", elections*candidates)
	var leading []clientv3.LeaseID
	for candidate := range candidates {
		for first := 0; first < elections; first += perLease {
			lease, err := c.Client().Grant(b.Context(), placeTTLSeconds)
			if err != nil {
				b.Fatal(err)
			}
			if candidate == 0 {
				leading = append(leading, lease.ID)
			}
			b.putPlaces(c.Client(), lease.ID, candidate, first, min(first+perLease, elections))
		}
	}
	return leading
}

func (b *bench) putPlaces(client *clientv3.Client, lease clientv3.LeaseID, candidate, from, to int) {
	for from < to {
		var puts []clientv3.Op
		for ; from < to && len(puts) < putsPerTxn; from++ {
			key := fmt.Sprintf("%s/%x", electionPrefix(from), int64(lease))
			value := fmt.Sprintf(`{"id":"worker-%d-%s","address":"http://10.0.%d.%d:8080"}`, candidate, electionName(from), from/256%256,
				from%256)
			puts = append(puts, clientv3.OpPut(key, value, clientv3.WithLease(lease)))
		}
		if _, err := client.Txn(b.Context()).Then(puts...).Commit(); err != nil {
			b.Fatal(err)
		}
	}
}

// revoke ends a lease; etcd deletes its keys then, in one revision.
func (b *bench) revoke(ctx context.Context, client *clientv3.Client, lease clientv3.LeaseID) {
	if _, err := client.Revoke(ctx, lease); err != nil {
		b.Fatal(err)
	}
}
