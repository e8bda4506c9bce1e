package main

import (
	"flag"
	"fmt"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.etcd.io/etcd/client/v3/concurrency"
	"go.uber.org/zap"

	"bellwether.io/bellwether/tests/wire/go/eventlog"
	"bellwether.io/bellwether/tests/wire/go/program"
)

// observeMain is a program that learns the leader of each election with the Go client, in the client's own way. It says "ready"
// when it knows all, then the time (eventlog.Now) at which it knows a second one of each.
func observeMain(args []string) {
	flags := flag.NewFlagSet("observe", flag.ExitOnError)
	endpoint := flags.String("endpoint", "", "")
	elections := flags.Int("elections", 0, "")
	_ = flags.Parse(args)
	program.Main("observe", func(p *program.Program) {
		client, err := clientv3.New(clientv3.Config{Endpoints: []string{*endpoint}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
		if err != nil {
			p.Fatal(err)
		}
		// Observe needs no lease; a session of its own lease only gives it the client.
		session, err := concurrency.NewSession(client, concurrency.WithTTL(600))
		if err != nil {
			p.Fatal(err)
		}
		told := make(chan int, *elections)
		for e := range *elections {
			go func() {
				nth := 0
				for range concurrency.NewElection(session, electionPrefix(e)).Observe(p.Context()) {
					nth++
					told <- nth
				}
			}()
		}
		count := func(nth int) {
			for seen := 0; seen < *elections; {
				select {
				case n := <-told:
					if n == nth {
						seen++
					}
				case <-p.Context().Done():
					p.Fatal("interrupted")
				}
			}
		}
		count(1)
		fmt.Println("ready")
		count(2)
		fmt.Println(eventlog.Now())
		<-p.Context().Done()
	})
}
