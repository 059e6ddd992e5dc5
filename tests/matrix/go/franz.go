package main

import (
	"context"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/plain"
)

const large = 16 << 20

type franz struct{ job job }

func (f franz) options(more ...kgo.Opt) []kgo.Opt {
	options := []kgo.Opt{kgo.SeedBrokers(f.job.Bootstrap), kgo.ClientID("lockgate-matrix-franz-go")}
	if f.job.Login != nil {
		options = append(options, kgo.SASL(plain.Auth{User: "token", Pass: f.job.Login.Token}.AsMechanism()))
	}
	return append(options, more...)
}

func codec(name string) kgo.CompressionCodec {
	switch name {
	case "gzip":
		return kgo.GzipCompression()
	case "snappy":
		return kgo.SnappyCompression()
	case "lz4":
		return kgo.Lz4Compression()
	case "zstd":
		return kgo.ZstdCompression()
	}
	return kgo.NoCompression()
}

func (f franz) produce(s step) error {
	acks := map[int16]kgo.Acks{0: kgo.NoAck(), 1: kgo.LeaderAck(), -1: kgo.AllISRAcks()}[s.Acks]
	options := f.options(
		kgo.DefaultProduceTopic(s.Topic),
		kgo.RequiredAcks(acks),
		kgo.ProducerBatchCompression(codec(s.Codec)),
		kgo.ProducerBatchMaxBytes(large),
		kgo.BrokerMaxWriteBytes(2*large),
		kgo.ProducerLinger(20*time.Millisecond),
		kgo.RecordDeliveryTimeout(20*time.Second),
	)
	if !s.Idempotent {
		options = append(options, kgo.DisableIdempotentWrite())
	}
	if s.Transaction != nil {
		options = append(options, kgo.TransactionalID(s.Transaction.ID))
	}
	client, err := kgo.NewClient(options...)
	if err != nil {
		return err
	}
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 25*time.Second)
	defer cancel()
	if s.Transaction != nil {
		if err := client.BeginTransaction(); err != nil {
			return err
		}
	}
	var records []*kgo.Record
	for _, each := range s.Records {
		made := &kgo.Record{Key: raw(each.Key), Value: raw(each.Value)}
		for _, header := range each.Headers {
			made.Headers = append(made.Headers, kgo.RecordHeader{Key: *header[0], Value: raw(header[1])})
		}
		records = append(records, made)
	}
	if err := client.ProduceSync(ctx, records...).FirstErr(); err != nil {
		return err
	}
	if s.Transaction != nil {
		return client.EndTransaction(ctx, kgo.TransactionEndTry(s.Transaction.Commit))
	}
	return nil
}

func (f franz) member(s step, topics []string, more ...kgo.Opt) (*kgo.Client, error) {
	return kgo.NewClient(f.options(append([]kgo.Opt{
		kgo.ConsumerGroup(s.Group),
		kgo.ConsumeTopics(topics...),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()),
		kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.DisableAutoCommit(),
		kgo.SessionTimeout(10 * time.Second),
		kgo.HeartbeatInterval(300 * time.Millisecond),
		kgo.FetchMaxWait(300 * time.Millisecond),
	}, more...)...)...)
}

func (f franz) consume(s step) ([]record, error) {
	client, err := f.member(s, s.Topics)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	ctx, cancel := context.WithDeadline(context.Background(), s.deadline())
	defer cancel()
	var records []record
	for len(records) < s.Count && ctx.Err() == nil {
		fetches := client.PollRecords(ctx, 1)
		if err := fetches.Err0(); err != nil && ctx.Err() == nil {
			return records, err
		}
		for _, each := range fetches.Records() {
			shown := record{Topic: each.Topic, Key: text(each.Key), Value: text(each.Value), Headers: [][2]*string{}}
			for _, header := range each.Headers {
				shown.Headers = append(shown.Headers, [2]*string{&header.Key, text(header.Value)})
			}
			records = append(records, shown)
			client.MarkCommitRecords(each)
			if err := client.CommitRecords(ctx, each); err != nil {
				return records, err
			}
		}
	}
	return records, client.LeaveGroupContext(context.Background())
}

// What a member owns, as its callbacks tell it.
type owned struct {
	sync.Mutex
	client     *kgo.Client
	partitions map[int32]bool
}

func (o *owned) list() []int32 {
	o.Lock()
	defer o.Unlock()
	var all []int32
	for partition := range o.partitions {
		all = append(all, partition)
	}
	return sorted(all)
}

func (o *owned) change(topic string, owns bool) kgo.Opt {
	change := func(_ context.Context, _ *kgo.Client, told map[string][]int32) {
		o.Lock()
		defer o.Unlock()
		for _, partition := range told[topic] {
			if owns {
				o.partitions[partition] = true
			} else {
				delete(o.partitions, partition)
			}
		}
	}
	if owns {
		return kgo.OnPartitionsAssigned(change)
	}
	return kgo.OnPartitionsRevoked(change)
}

func (f franz) join(s step) (*owned, error) {
	o := &owned{partitions: map[int32]bool{}}
	client, err := f.member(s, []string{s.Topic}, o.change(s.Topic, true), o.change(s.Topic, false))
	o.client = client
	return o, err
}

func (f franz) rebalance(s step) ([][][]int32, error) {
	end, all := s.deadline(), int(s.Partitions)
	first, err := f.join(s)
	if err != nil {
		return nil, err
	}
	defer first.client.Close()
	until(end, func() bool { return len(first.list()) == all })
	history := [][][]int32{{first.list()}}
	second, err := f.join(s)
	if err != nil {
		return history, err
	}
	until(end, func() bool { return len(first.list()) == all/2 && len(second.list()) == all/2 })
	history = append(history, [][]int32{first.list(), second.list()})
	second.client.Close()
	until(end, func() bool { return len(first.list()) == all })
	return append(history, [][]int32{first.list()}), nil
}

func (f franz) admin() (*kadm.Client, context.Context, func(), error) {
	client, err := kgo.NewClient(f.options()...)
	if err != nil {
		return nil, nil, nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	return kadm.NewClient(client), ctx, func() { cancel(); client.Close() }, nil
}

func (f franz) create(s step) error {
	admin, ctx, done, err := f.admin()
	if err != nil {
		return err
	}
	defer done()
	configs := map[string]*string{"retention.ms": &s.Retention}
	_, err = admin.CreateTopic(ctx, s.Partitions, 1, configs, s.Topic)
	return err
}

func (f franz) describe(s step) (int, string, error) {
	admin, ctx, done, err := f.admin()
	if err != nil {
		return 0, "", err
	}
	defer done()
	topics, err := admin.ListTopics(ctx, s.Topic)
	if err != nil {
		return 0, "", err
	}
	configs, err := admin.DescribeTopicConfigs(ctx, s.Topic)
	if err != nil {
		return 0, "", err
	}
	resource, err := configs.On(s.Topic, nil)
	if err != nil {
		return 0, "", err
	}
	for _, config := range resource.Configs {
		if config.Key == "retention.ms" {
			return len(topics[s.Topic].Partitions), config.MaybeValue(), nil
		}
	}
	return len(topics[s.Topic].Partitions), "", nil
}

func (f franz) remove(s step) error {
	admin, ctx, done, err := f.admin()
	if err != nil {
		return err
	}
	defer done()
	_, err = admin.DeleteTopic(ctx, s.Topic)
	return err
}
