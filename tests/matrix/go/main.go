// The Go clients of the compatibility matrix, told on standard input what to do: a line of JSON a
// step, a line of JSON an answer. The only argument says which client.
package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"sort"
	"time"
)

type job struct {
	Bootstrap string `json:"bootstrap"`
	Login     *struct {
		Token string `json:"token"`
	} `json:"login"`
}

type transaction struct {
	ID     string `json:"id"`
	Commit bool   `json:"commit"`
}

// A null header value is a null pointer; Go's slices tell null from empty too, see raw and text.
type record struct {
	Topic   string       `json:"topic,omitempty"`
	Key     *string      `json:"key"`
	Value   *string      `json:"value"`
	Headers [][2]*string `json:"headers"`
}

type step struct {
	Do          string       `json:"do"`
	Topic       string       `json:"topic"`
	Topics      []string     `json:"topics"`
	Records     []record     `json:"records"`
	Codec       string       `json:"codec"`
	Acks        int16        `json:"acks"`
	Idempotent  bool         `json:"idempotent"`
	Transaction *transaction `json:"transaction"`
	Group       string       `json:"group"`
	Count       int          `json:"count"`
	Seconds     int          `json:"seconds"`
	Partitions  int32        `json:"partitions"`
	Retention   string       `json:"retention"`
}

type answer map[string]any

// What each library is asked; an answer may be nil.
type client interface {
	produce(step) error
	consume(step) ([]record, error)
	rebalance(step) ([][][]int32, error)
	create(step) error
	describe(step) (partitions int, retention string, err error)
	remove(step) error
}

func main() {
	in := bufio.NewReaderSize(os.Stdin, 1<<20)
	var told job
	first, err := in.ReadBytes('\n')
	must(err)
	must(json.Unmarshal(first, &told))
	var chosen client
	switch os.Args[1] {
	case "franz":
		chosen = franz{told}
	case "sarama":
		chosen = saramaClient{told}
	default:
		panic("franz or sarama")
	}
	for {
		line, err := in.ReadBytes('\n')
		if err != nil {
			return
		}
		var next step
		must(json.Unmarshal(line, &next))
		told, err := carryOut(chosen, next)
		if err != nil {
			told = answer{"ok": false, "error": fmt.Sprintf("%T: %v", err, err)}
		} else {
			told["ok"] = true
		}
		must(json.NewEncoder(os.Stdout).Encode(told))
	}
}

func carryOut(c client, s step) (answer, error) {
	switch s.Do {
	case "produce":
		return answer{}, c.produce(s)
	case "consume":
		records, err := c.consume(s)
		if records == nil {
			records = []record{}
		}
		return answer{"records": records}, err
	case "rebalance":
		history, err := c.rebalance(s)
		return answer{"history": history}, err
	case "create":
		return answer{}, c.create(s)
	case "describe":
		partitions, retention, err := c.describe(s)
		return answer{"partitions": partitions, "retention": retention}, err
	case "delete":
		return answer{}, c.remove(s)
	}
	return nil, fmt.Errorf("no such step: %s", s.Do)
}

func (s step) deadline() time.Time {
	return time.Now().Add(time.Duration(s.Seconds) * time.Second)
}

func raw(text *string) []byte {
	if text == nil {
		return nil
	}
	return append([]byte{}, *text...)
}

func text(raw []byte) *string {
	if raw == nil {
		return nil
	}
	text := string(raw)
	return &text
}

func sorted(partitions []int32) []int32 {
	own := append([]int32{}, partitions...)
	sort.Slice(own, func(a, b int) bool { return own[a] < own[b] })
	return own
}

// Looks until there, or until the end.
func until(end time.Time, there func() bool) {
	for !there() && time.Now().Before(end) {
		time.Sleep(20 * time.Millisecond)
	}
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}
