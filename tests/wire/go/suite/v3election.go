package suite

import (
	"context"
	"fmt"

	clientv3 "go.etcd.io/etcd/client/v3"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
)

// etcd's election service, spoken without its generated code: that would pull the whole server into this module.

// bytesCodec passes messages as they are.
type bytesCodec struct{}

func (bytesCodec) Marshal(v any) ([]byte, error) { return *v.(*[]byte), nil }
func (bytesCodec) Unmarshal(data []byte, v any) error {
	*v.(*[]byte) = append([]byte{}, data...)
	return nil
}
func (bytesCodec) Name() string { return "proto" }

func callElection(ctx context.Context, client *clientv3.Client, method string, request []byte) ([]byte, error) {
	var reply []byte
	err := client.ActiveConnection().Invoke(ctx, "/v3electionpb.Election/"+method, &request, &reply, grpc.ForceCodec(bytesCodec{}))
	return reply, err
}

func bytesField(to []byte, number protowire.Number, value []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(to, number, protowire.BytesType), value)
}

func intField(to []byte, number protowire.Number, value int64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(to, number, protowire.VarintType), uint64(value))
}

// field is the last field of that number: its bytes, or its number.
func field(message []byte, number protowire.Number) (bytes []byte, value int64, err error) {
	for len(message) > 0 {
		n, kind, length := protowire.ConsumeTag(message)
		if length < 0 {
			return nil, 0, protowire.ParseError(length)
		}
		message = message[length:]
		size := protowire.ConsumeFieldValue(n, kind, message)
		if size < 0 {
			return nil, 0, protowire.ParseError(size)
		}
		if n == number && kind == protowire.BytesType {
			bytes, _ = protowire.ConsumeBytes(message)
		}
		if n == number && kind == protowire.VarintType {
			number, _ := protowire.ConsumeVarint(message)
			value = int64(number)
		}
		message = message[size:]
	}
	return bytes, value, nil
}

// V3Election is a candidate over gRPC: CampaignRequest{name=1, lease=2, value=3}, CampaignResponse{leader=2},
// LeaderKey{rev=3}, ResignRequest{leader=1}.
func (s *Stage) V3Election(name string) *Player {
	client, lease := s.cluster.Client(), s.session().Lease()
	var leader []byte
	return s.inside(name, func(ctx context.Context) (int64, error) {
		request := bytesField(intField(bytesField(nil, 1, []byte(s.prefix)), 2, int64(lease)), 3, []byte(name))
		reply, err := callElection(ctx, client, "Campaign", request)
		if err != nil {
			return 0, err
		}
		if leader, _, err = field(reply, 2); err != nil {
			return 0, err
		}
		_, token, err := field(leader, 3)
		if err == nil && token == 0 {
			err = fmt.Errorf("no revision in the answer %x", reply)
		}
		return token, err
	}, func(ctx context.Context) error {
		if leader == nil {
			return nil
		}
		_, err := callElection(ctx, client, "Resign", bytesField(nil, 1, leader))
		return err
	})
}
