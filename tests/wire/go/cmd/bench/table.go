package main

import (
	"fmt"
	"io"
	"math"
	"sort"
	"strings"
	"text/tabwriter"
	"time"
)

// Table is one figure: rows to be read side by side, and what must be known to read them.
type Table struct {
	Title   string
	Columns []string
	Rows    [][]string
	Notes   []string
}

func (t *Table) Add(cells ...string) { t.Rows = append(t.Rows, cells) }

func (t *Table) Print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", t.Title)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	for _, row := range append([][]string{t.Columns}, t.Rows...) {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush()
	for _, note := range t.Notes {
		fmt.Fprintf(out, "  (%s)\n", note)
	}
}

// Samples are the durations of one kind, in order.
type Samples []time.Duration

func sorted(s []time.Duration) Samples {
	s = append([]time.Duration(nil), s...)
	sort.Slice(s, func(i, j int) bool { return s[i] < s[j] })
	return s
}

// Percentile is the smallest sample that at least p of a hundred do not exceed.
func (s Samples) Percentile(p float64) time.Duration {
	rank := int(math.Ceil(p / 100 * float64(len(s))))
	return s[max(rank, 1)-1]
}

// Cells are n, p50, p99 and the largest.
func (s Samples) Cells() []string {
	return []string{fmt.Sprint(len(s)), ms(s.Percentile(50)), ms(s.Percentile(99)), ms(s[len(s)-1])}
}

func ms(d time.Duration) string {
	return fmt.Sprintf("%.2f ms", float64(d)/float64(time.Millisecond))
}

func ratio(a, b time.Duration) string { return fmt.Sprintf("%.2f", float64(a)/float64(b)) }
