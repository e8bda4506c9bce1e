package main

import (
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sys/unix"
)

// screen is what a person watches: plain lines, with colours on a terminal only and never against NO_COLOR.
type screen struct {
	began    time.Time
	coloured bool
	chapter  int
}

func newScreen() *screen {
	_, err := unix.IoctlGetTermios(int(os.Stdout.Fd()), unix.TCGETS)
	return &screen{began: time.Now(), coloured: err == nil && os.Getenv("NO_COLOR") == ""}
}

func (s *screen) paint(code, text string) string {
	if !s.coloured {
		return text
	}
	return "\x1b[" + code + "m" + text + "\x1b[0m"
}

func (s *screen) title(text string) { fmt.Printf("\n%s\n\n", s.paint("1", text)) }

// progress is one more thing that runs now.
func (s *screen) progress(format string, args ...any) {
	since := s.paint("2", fmt.Sprintf("[%4.1f s]", time.Since(s.began).Seconds()))
	fmt.Printf("  %s %s\n", since, fmt.Sprintf(format, args...))
}

func (s *screen) question(text string) {
	s.chapter++
	s.title(fmt.Sprintf("%d. %s", s.chapter, text))
}

// command is a line to type, and what came of it.
func (s *screen) command(line, answer string) {
	fmt.Printf("  %s\n", s.paint("36", "$ "+line))
	for text := range strings.Lines(answer) {
		fmt.Printf("  %s\n", strings.TrimRight(text, "\n"))
	}
}

// seen is something that was to be shown, and was.
func (s *screen) seen(format string, args ...any) {
	fmt.Printf("  %s %s\n", s.paint("1;32", "=>"), fmt.Sprintf(format, args...))
}

func (s *screen) table(rows [][]string) {
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 3, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(w, "  "+strings.Join(row, "\t"))
	}
	_ = w.Flush()
}

func (s *screen) text(format string, args ...any) { fmt.Printf("  "+format+"\n", args...) }

func ms(d time.Duration) string { return fmt.Sprintf("%.1f ms", float64(d)/float64(time.Millisecond)) }

func seconds(d time.Duration) string { return fmt.Sprintf("%.0f s", d.Seconds()) }
