// Package corpus makes the messages that packed batches are measured with: named, of fixed seeds, the same on every
// machine. They have the entropy that such messages have in production, as far as one can know: identifiers and prices
// that nobody can guess, names and keys that come again and again.
package corpus

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"time"
)

// Message is a message as NATS would deliver it.
type Message struct {
	Subject string
	Payload []byte
	Time    time.Time
	Header  map[string][]string
}

// Corpus makes messages without end, the same for each one that is made.
type Corpus struct {
	Name string
	make func(m *maker) Message
}

// All are the corpora.
func All() []Corpus {
	return []Corpus{
		{"orders", (*maker).order},           // JSON of 200 B.
		{"ticks", (*maker).tick},             // JSON of 76 B.
		{"cloudevents", (*maker).cloudEvent}, // Structured CloudEvents of 600 B.
		{"random", (*maker).random},          // 200 B that nothing makes shorter.
	}
}

// Messages returns the first n messages.
func (c Corpus) Messages(n int) []Message {
	m := &maker{random64: rand.New(rand.NewPCG(19, uint64(len(c.Name)))), now: time.UnixMilli(1795000000000).UTC()}
	m.prices = make([]float64, len(symbols))
	for i := range m.prices {
		m.prices[i] = 20 + 400*m.random64.Float64()
	}
	messages := make([]Message, n)
	for i := range messages {
		m.now = m.now.Add(time.Duration(m.random64.ExpFloat64() * float64(2*time.Millisecond)))
		m.count++
		messages[i] = c.make(m)
		messages[i].Time = m.now
		messages[i].Header = map[string][]string{"traceparent": {
			"00-" + m.hex(16) + "-" + m.hex(8) + "-01",
		}}
	}
	return messages
}

// maker is where a corpus is.
type maker struct {
	random64 *rand.Rand
	now      time.Time
	count    int
	prices   []float64
}

var (
	symbols = []string{
		"AAPL", "MSFT", "NVDA", "AMZN", "GOOG", "META", "TSLA", "AVGO", "COST", "NFLX", "ASML", "ADBE",
		"PEPS", "LINN", "CSCO", "TMUS", "INTU", "QCOM", "TXNZ", "AMGN",
	}
	currencies = []string{"EUR", "USD", "GBP"}
	states     = []string{"open", "paid", "sent", "held"}
	kinds      = []string{"created", "updated", "shipped"}
	cities     = []string{"Berlin", "Hamburg", "Leipzig", "Muenchen", "Koeln", "Bremen", "Dresden"}
)

func (m *maker) hex(bytes int) string {
	text := make([]byte, bytes)
	for i := range text {
		text[i] = byte(m.random64.Uint32())
	}
	return hex.EncodeToString(text)
}

func (m *maker) uuid() string {
	return m.hex(4) + "-" + m.hex(2) + "-4" + m.hex(2)[1:] + "-a" + m.hex(2)[1:] + "-" + m.hex(6)
}

// pick prefers the first ones, as most things in life do.
func (m *maker) pick(from []string) string {
	x := m.random64.Float64()
	return from[int(x*x*float64(len(from)))]
}

// price moves the price of a symbol a little, and returns both.
func (m *maker) price() (symbol string, price float64) {
	x := m.random64.Float64()
	i := int(x * x * float64(len(symbols)))
	m.prices[i] *= 1 + 0.0005*m.random64.NormFloat64()
	return symbols[i], m.prices[i]
}

func (m *maker) order() Message {
	symbol, price := m.price()
	text := fmt.Sprintf(`{"order_id":%q,"customer":"c%05d","symbol":%q,"side":%q,"quantity":%d,"price":%.2f,`+
		`"currency":%q,"status":%q,"placed_at":%q,"venue":"XETR"}`,
		m.hex(8), m.random64.IntN(5000), symbol, m.pick([]string{"buy", "sell"}), 10*(1+m.random64.IntN(20)),
		price, m.pick(currencies), m.pick(states), m.now.Format("2006-01-02T15:04:05.000Z"))
	return Message{Subject: "orders." + symbol, Payload: []byte(text)}
}

func (m *maker) tick() Message {
	symbol, price := m.price()
	text := fmt.Sprintf(`{"symbol":%q,"bid":%.2f,"ask":%.2f,"size":%d,"time":%d}`, symbol, price,
		price+0.01*float64(1+m.random64.IntN(6)), 10*(1+m.random64.IntN(99)), m.now.UnixMilli())
	return Message{Subject: "ticks." + symbol, Payload: []byte(text)}
}

func (m *maker) cloudEvent() Message {
	city := m.pick(cities)
	id := m.hex(4)
	text := fmt.Sprintf(`{"specversion":"1.0","id":%q,"source":"/shops/eu/%s",`+
		`"type":"com.example.shop.order.%s","subject":"orders/%s","time":%q,"datacontenttype":"application/json",`+
		`"dataschema":"https://schemas.example.com/shop/order/v3.json","data":{"order":{"id":%q,"number":%d,`+
		`"customer":{"id":"c%05d","city":%q,"country":"DE"},"lines":[{"article":"A-%04d",`+
		`"quantity":%d,"unit_price":%.2f,"currency":"EUR"}],"shipping":{"method":"standard","carrier":"DHL",`+
		`"address_id":%d},"payment":{"status":%q},"channel":"web"}}}`,
		m.uuid(), city, m.pick(kinds), id, m.now.Format("2006-01-02T15:04:05.000Z"), id,
		100000+m.count, m.random64.IntN(5000), city, m.random64.IntN(2000), 1+m.random64.IntN(3),
		5+95*m.random64.Float64(), 10000+m.random64.IntN(80000), m.pick(states))
	return Message{Subject: "shop.orders." + city, Payload: []byte(text)}
}

// random makes messages that are nothing but what they are: keys, ciphertext, pictures.
func (m *maker) random() Message {
	payload := make([]byte, 200)
	for i := range payload {
		payload[i] = byte(m.random64.Uint32())
	}
	return Message{Subject: "blobs", Payload: payload}
}
