package secretfile

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf16"
)

// wide is text in UTF-16, the lower byte first if little is set.
func wide(text string, little bool) string {
	var b strings.Builder
	for _, c := range utf16.Encode([]rune(text)) {
		high, low := byte(c>>8), byte(c)
		if little {
			high, low = low, high
		}
		b.WriteByte(high)
		b.WriteByte(low)
	}
	return b.String()
}

func TestWhatAFileHoldsIsReadOrSaid(t *testing.T) {
	tests := map[string]struct {
		holds, want string
		err         error
	}{
		"text":                              {"a key\n", "a key\n", nil},
		"nothing":                           {"", "", nil},
		"text after a byte order mark":      {"\ufeffkey", "key", nil},
		"a mark inside":                     {"a\ufeffb", "a\ufeffb", nil},
		"as much as there may be":           {strings.Repeat("x", MaxBytes), strings.Repeat("x", MaxBytes), nil},
		"more than there may be":            {strings.Repeat("x", MaxBytes+1), "", ErrTooLarge},
		"UTF-16, as PowerShell writes it":   {wide("\ufeffkey\r\n", true), "", ErrUTF16},
		"UTF-16, the other way round":       {wide("\ufeffkey", false), "", ErrUTF16},
		"UTF-16 without a mark":             {wide("key", true), "", ErrUTF16},
		"the other way round without one":   {wide("key", false), "", ErrUTF16},
		"a letter":                          {"k", "k", nil},
		"letters that are not ASCII inside": {"clé", "clé", nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "file")
			if err := os.WriteFile(path, []byte(tt.holds), 0o600); err != nil {
				t.Fatal(err)
			}
			if text, err := Read(t.Context(), path); text != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("Read = %d bytes, %v, want %d, %v", len(text), err, len(tt.want), tt.err)
			}
		})
	}
}

func TestWhatIsNoFileIsSaid(t *testing.T) {
	if _, err := Read(t.Context(), t.TempDir()); !errors.Is(err, ErrDirectory) {
		t.Errorf("of a directory Read = %v", err)
	}
	if _, err := Read(t.Context(), filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("of nothing Read = %v", err)
	}
}

// hanging is a reader of files that can be read when a text is sent.
type hanging struct {
	reader

	texts chan string
	begun atomic.Int32
}

func newHanging() *hanging {
	h := &hanging{texts: make(chan string)}
	h.reader = reader{underWay: map[string]*reading{}, read: func(string) ([]byte, error) {
		h.begun.Add(1)
		return []byte(<-h.texts), nil
	}}
	return h
}

func TestAFileThatHangsIsReadOnceAtATimeWhoeverAsks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHanging()
		answers := make(chan string, 100)
		ask := func(n int) {
			for range n {
				go func() {
					text, err := h.text(t.Context(), "file")
					if err != nil {
						text = err.Error()
					}
					answers <- text
				}()
			}
		}
		expect := func(n int, want string, within time.Duration) {
			t.Helper()
			began := time.Now()
			for range n {
				if got := <-answers; got != want {
					t.Errorf("answered %q, want %q", got, want)
				}
			}
			if took := time.Since(began); took != within {
				t.Errorf("answered after %v, want %v", took, within)
			}
		}
		ask(50)
		expect(50, ErrTimeout.Error(), Timeout)
		ask(50)
		time.Sleep(time.Second)
		h.texts <- "first"
		expect(50, "first", 0)
		if n := h.begun.Load(); n != 1 {
			t.Errorf("read %d times, want once", n)
		}
		ask(1)
		synctest.Wait()
		h.texts <- "second"
		expect(1, "second", 0)
	})
}

// What a pipe gives it gives once.
func TestWhatComesTooLateIsForWhoeverAsksNext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHanging()
		for _, tt := range []struct {
			after time.Duration
			want  string
		}{{Timeout, "late"}, {Timeout + time.Second, "fresh"}} {
			if _, err := h.text(t.Context(), "file"); !errors.Is(err, ErrTimeout) {
				t.Fatalf("text = %v", err)
			}
			h.texts <- "late"
			time.Sleep(tt.after)
			go func() {
				if tt.want == "fresh" {
					h.texts <- "fresh"
				}
			}()
			if text, err := h.text(t.Context(), "file"); text != tt.want || err != nil {
				t.Errorf("%v later text = %q, %v, want %q", tt.after, text, err, tt.want)
			}
		}
	})
}

func TestWhoNeedsNoAnswerAnyMoreDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := newHanging()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		_, err := h.text(ctx, "file")
		if took := time.Since(began); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
			t.Errorf("text = %v after %v", err, took)
		}
		h.texts <- ""
	})
}
