package main

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/IBM/sarama"
)

type saramaClient struct{ job job }

func (c saramaClient) config() *sarama.Config {
	config := sarama.NewConfig()
	config.ClientID = "lockgate-matrix-sarama"
	config.Version = sarama.MaxVersion
	config.Net.DialTimeout = 10 * time.Second
	if c.job.Login != nil {
		config.Net.SASL.Enable = true
		config.Net.SASL.Mechanism = sarama.SASLTypePlaintext
		config.Net.SASL.User = "token"
		config.Net.SASL.Password = c.job.Login.Token
	}
	return config
}

func (c saramaClient) brokers() []string { return []string{c.job.Bootstrap} }

var saramaCodecs = map[string]sarama.CompressionCodec{
	"none":   sarama.CompressionNone,
	"gzip":   sarama.CompressionGZIP,
	"snappy": sarama.CompressionSnappy,
	"lz4":    sarama.CompressionLZ4,
	"zstd":   sarama.CompressionZSTD,
}

func (c saramaClient) produce(s step) error {
	config := c.config()
	config.Producer.RequiredAcks = sarama.RequiredAcks(s.Acks)
	config.Producer.Compression = saramaCodecs[s.Codec]
	config.Producer.MaxMessageBytes = large
	config.Producer.Return.Successes = true
	config.Producer.Idempotent = s.Idempotent
	if s.Idempotent {
		config.Net.MaxOpenRequests = 1
	}
	if s.Transaction != nil {
		config.Producer.Transaction.ID = s.Transaction.ID
	}
	producer, err := sarama.NewSyncProducer(c.brokers(), config)
	if err != nil {
		return err
	}
	defer producer.Close()
	if s.Transaction != nil {
		if err := producer.BeginTxn(); err != nil {
			return err
		}
	}
	var messages []*sarama.ProducerMessage
	for _, each := range s.Records {
		messages = append(messages, message(s.Topic, each))
	}
	if err := producer.SendMessages(messages); err != nil {
		var each sarama.ProducerErrors
		if errors.As(err, &each) && len(each) > 0 {
			return each[0].Err
		}
		return err
	}
	if s.Transaction == nil {
		return nil
	}
	if s.Transaction.Commit {
		return producer.CommitTxn()
	}
	return producer.AbortTxn()
}

func message(topic string, each record) *sarama.ProducerMessage {
	made := &sarama.ProducerMessage{Topic: topic}
	if each.Key != nil {
		made.Key = sarama.StringEncoder(*each.Key)
	}
	if each.Value != nil {
		made.Value = sarama.StringEncoder(*each.Value)
	}
	for _, header := range each.Headers {
		made.Headers = append(made.Headers, sarama.RecordHeader{Key: raw(header[0]), Value: raw(header[1])})
	}
	return made
}

// A member of a group: what it owns, and what it is handed.
type member struct {
	sync.Mutex
	group   sarama.ConsumerGroup
	cancel  context.CancelFunc
	ended   chan error
	owned   []int32
	records []record
	count   int
}

func (m *member) Setup(session sarama.ConsumerGroupSession) error {
	m.Lock()
	defer m.Unlock()
	m.owned = nil
	for _, partitions := range session.Claims() {
		m.owned = append(m.owned, partitions...)
	}
	return nil
}

func (m *member) Cleanup(session sarama.ConsumerGroupSession) error {
	session.Commit()
	m.Lock()
	defer m.Unlock()
	m.owned = nil
	return nil
}

func (m *member) ConsumeClaim(session sarama.ConsumerGroupSession, claim sarama.ConsumerGroupClaim) error {
	for {
		select {
		case <-session.Context().Done():
			return nil
		case each, open := <-claim.Messages():
			if !open {
				return nil
			}
			m.take(session, each)
		}
	}
}

func (m *member) take(session sarama.ConsumerGroupSession, each *sarama.ConsumerMessage) {
	m.Lock()
	defer m.Unlock()
	if len(m.records) >= m.count {
		return
	}
	shown := record{Topic: each.Topic, Key: text(each.Key), Value: text(each.Value), Headers: [][2]*string{}}
	for _, header := range each.Headers {
		shown.Headers = append(shown.Headers, [2]*string{text(header.Key), text(header.Value)})
	}
	m.records = append(m.records, shown)
	session.MarkMessage(each, "")
}

func (m *member) list() []int32 {
	m.Lock()
	defer m.Unlock()
	return sorted(m.owned)
}

func (m *member) read() int {
	m.Lock()
	defer m.Unlock()
	return len(m.records)
}

func (c saramaClient) join(s step, topics []string) (*member, error) {
	config := c.config()
	config.Consumer.Offsets.Initial = sarama.OffsetOldest
	config.Consumer.Offsets.AutoCommit.Enable = false
	config.Consumer.IsolationLevel = sarama.ReadCommitted
	config.Consumer.Group.Session.Timeout = 10 * time.Second
	config.Consumer.Group.Heartbeat.Interval = 300 * time.Millisecond
	config.Consumer.MaxWaitTime = 300 * time.Millisecond
	group, err := sarama.NewConsumerGroup(c.brokers(), s.Group, config)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	m := &member{group: group, cancel: cancel, ended: make(chan error, 1), count: s.Count}
	go func() {
		for ctx.Err() == nil {
			if err := group.Consume(ctx, topics, m); err != nil {
				m.ended <- err
				return
			}
		}
		m.ended <- nil
	}()
	return m, nil
}

func (m *member) leave() error {
	m.cancel()
	err := <-m.ended
	if closed := m.group.Close(); err == nil {
		err = closed
	}
	return err
}

func (c saramaClient) consume(s step) ([]record, error) {
	m, err := c.join(s, s.Topics)
	if err != nil {
		return nil, err
	}
	until(s.deadline(), func() bool { return m.read() >= s.Count || len(m.ended) > 0 })
	err = m.leave()
	return m.records, err
}

func (c saramaClient) rebalance(s step) ([][][]int32, error) {
	end, all := s.deadline(), int(s.Partitions)
	first, err := c.join(s, []string{s.Topic})
	if err != nil {
		return nil, err
	}
	until(end, func() bool { return len(first.list()) == all })
	history := [][][]int32{{first.list()}}
	second, err := c.join(s, []string{s.Topic})
	if err != nil {
		return history, err
	}
	until(end, func() bool { return len(first.list()) == all/2 && len(second.list()) == all/2 })
	history = append(history, [][]int32{first.list(), second.list()})
	if err := second.leave(); err != nil {
		return history, err
	}
	until(end, func() bool { return len(first.list()) == all })
	history = append(history, [][]int32{first.list()})
	return history, first.leave()
}

func (c saramaClient) create(s step) error {
	admin, err := sarama.NewClusterAdmin(c.brokers(), c.config())
	if err != nil {
		return err
	}
	defer admin.Close()
	configs := map[string]*string{"retention.ms": &s.Retention}
	return admin.CreateTopic(s.Topic, &sarama.TopicDetail{
		NumPartitions: s.Partitions, ReplicationFactor: 1, ConfigEntries: configs,
	}, false)
}

func (c saramaClient) describe(s step) (int, string, error) {
	admin, err := sarama.NewClusterAdmin(c.brokers(), c.config())
	if err != nil {
		return 0, "", err
	}
	defer admin.Close()
	topics, err := admin.DescribeTopics([]string{s.Topic})
	if err != nil {
		return 0, "", err
	}
	configs, err := admin.DescribeConfig(sarama.ConfigResource{
		Type: sarama.TopicResource, Name: s.Topic, ConfigNames: []string{"retention.ms"},
	})
	if err != nil || len(configs) == 0 {
		return len(topics[0].Partitions), "", err
	}
	return len(topics[0].Partitions), configs[0].Value, nil
}

func (c saramaClient) remove(s step) error {
	admin, err := sarama.NewClusterAdmin(c.brokers(), c.config())
	if err != nil {
		return err
	}
	defer admin.Close()
	return admin.DeleteTopic(s.Topic)
}
