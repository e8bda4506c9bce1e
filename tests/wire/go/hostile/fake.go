package hostile

import (
	"bytes"
	"context"
	"io"
	"net"
	"sort"
	"sync/atomic"
	"testing"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	"go.etcd.io/etcd/api/v3/mvccpb"
	"google.golang.org/grpc"
)

// fake is a gRPC server that speaks as etcd does, until a test bends one of its answers.
type fake struct {
	etcdserverpb.UnimplementedKVServer
	etcdserverpb.UnimplementedWatchServer
	etcdserverpb.UnimplementedLeaseServer
	etcdserverpb.UnimplementedMaintenanceServer
	etcdserverpb.UnimplementedClusterServer
	etcdserverpb.UnimplementedAuthServer

	kvs        []*mvccpb.KeyValue
	bendRange  func(*etcdserverpb.RangeRequest, *etcdserverpb.RangeResponse)
	bendStatus func(*etcdserverpb.StatusResponse)
	bendWatch  func(*etcdserverpb.WatchResponse)
	events     []*etcdserverpb.WatchResponse // told to each watch of elections once it is created

	calls atomic.Int64
}

const fakeRevision = 10

func fakeHeader() *etcdserverpb.ResponseHeader {
	return &etcdserverpb.ResponseHeader{ClusterId: 1, MemberId: 1, Revision: fakeRevision, RaftTerm: 2}
}

func fakeKV(key, value string, revision int64) *mvccpb.KeyValue {
	return &mvccpb.KeyValue{Key: []byte(key), Value: []byte(value), CreateRevision: revision, ModRevision: revision, Version: 1}
}

func (f *fake) Range(_ context.Context, r *etcdserverpb.RangeRequest) (*etcdserverpb.RangeResponse, error) {
	f.calls.Add(1)
	answer := &etcdserverpb.RangeResponse{Header: fakeHeader()}
	for _, kv := range f.kvs {
		in := bytes.Compare(kv.Key, r.Key) >= 0 && bytes.Compare(kv.Key, r.RangeEnd) < 0
		if bytes.Equal(kv.Key, r.Key) || (len(r.RangeEnd) > 0 && in) {
			answer.Kvs = append(answer.Kvs, kv)
		}
	}
	sort.Slice(answer.Kvs, func(i, j int) bool { return bytes.Compare(answer.Kvs[i].Key, answer.Kvs[j].Key) < 0 })
	if r.Limit > 0 && int64(len(answer.Kvs)) > r.Limit {
		answer.Kvs, answer.More = answer.Kvs[:r.Limit], true
	}
	answer.Count = int64(len(answer.Kvs))
	if f.bendRange != nil {
		f.bendRange(r, answer)
	}
	return answer, nil
}

func (f *fake) Watch(stream etcdserverpb.Watch_WatchServer) error {
	for {
		request, err := stream.Recv()
		if err != nil {
			return err
		}
		f.calls.Add(1)
		create := request.GetCreateRequest()
		if create == nil {
			continue
		}
		answers := []*etcdserverpb.WatchResponse{{Header: fakeHeader(), WatchId: create.WatchId, Created: true}}
		if len(create.Filters) == 0 { // not one that only proves that the stream lives
			for _, event := range f.events {
				event.WatchId = create.WatchId
				answers = append(answers, event)
			}
		}
		for _, answer := range answers {
			if f.bendWatch != nil {
				f.bendWatch(answer)
			}
			if err := stream.Send(answer); err != nil {
				return err
			}
		}
	}
}

func (f *fake) Status(context.Context, *etcdserverpb.StatusRequest) (*etcdserverpb.StatusResponse, error) {
	f.calls.Add(1)
	answer := &etcdserverpb.StatusResponse{Header: fakeHeader(), Version: "3.6.16", DbSize: 1, DbSizeInUse: 1, Leader: 1,
		RaftIndex: 10, RaftAppliedIndex: 10, RaftTerm: 2}
	if f.bendStatus != nil {
		f.bendStatus(answer)
	}
	return answer, nil
}

func (f *fake) MemberList(context.Context, *etcdserverpb.MemberListRequest) (*etcdserverpb.MemberListResponse, error) {
	return &etcdserverpb.MemberListResponse{Header: fakeHeader()}, nil
}

func (f *fake) LeaseTimeToLive(_ context.Context, r *etcdserverpb.LeaseTimeToLiveRequest) (*etcdserverpb.LeaseTimeToLiveResponse, error) {
	return &etcdserverpb.LeaseTimeToLiveResponse{Header: fakeHeader(), ID: r.ID, TTL: 5, GrantedTTL: 5}, nil
}

// start serves it on loopback.
func (f *fake) start(t *testing.T) (endpoint string) {
	t.Helper()
	server := grpc.NewServer(grpc.MaxSendMsgSize(1 << 30))
	etcdserverpb.RegisterKVServer(server, f)
	etcdserverpb.RegisterWatchServer(server, f)
	etcdserverpb.RegisterLeaseServer(server, f)
	etcdserverpb.RegisterMaintenanceServer(server, f)
	etcdserverpb.RegisterClusterServer(server, f)
	etcdserverpb.RegisterAuthServer(server, f)
	return serve(t, server)
}

func serve(t *testing.T, server *grpc.Server) (endpoint string) {
	t.Helper()
	listener := listen(t)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	return "http://" + listener.Addr().String()
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	return listener
}

// anyBytes is a gRPC server that answers every call with the bytes that make gives, whatever the message should be.
func anyBytes(t *testing.T, calls *atomic.Int64, answer func() []byte) (endpoint string) {
	t.Helper()
	return serve(t, grpc.NewServer(grpc.ForceServerCodec(asTheyAre{}), grpc.MaxSendMsgSize(1<<30),
		grpc.UnknownServiceHandler(func(_ any, stream grpc.ServerStream) error {
			for {
				var request []byte
				if err := stream.RecvMsg(&request); err == io.EOF {
					return nil
				} else if err != nil {
					return err
				}
				calls.Add(1)
				bytes := answer()
				if err := stream.SendMsg(&bytes); err != nil {
					return err
				}
			}
		})))
}

// asTheyAre leaves bytes as they are.
type asTheyAre struct{}

func (asTheyAre) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (asTheyAre) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = bytes.Clone(data)
	return nil
}
func (asTheyAre) Name() string { return "proto" }
