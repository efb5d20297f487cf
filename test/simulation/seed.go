package simulation

import (
	crypto "crypto/rand"
	"encoding/binary"
	"math/rand" //nolint:depguard // Dependencies draw from it.
	randv2 "math/rand/v2"
	"sync"
	_ "unsafe" // For go:linkname.

	"github.com/nats-io/nuid"

	"momento-bridge/chance"
)

// uniqueNames is what the NATS client draws the names of its inboxes from, once and for all when the process begins.
//
//go:linkname uniqueNames github.com/nats-io/nuid.globalNUID
var uniqueNames *lockedNames

// lockedNames is laid out as nuid's own type.
type lockedNames struct {
	sync.Mutex
	*nuid.NUID
}

// seedEverything has all that is random in the process follow from a seed, until undo is called. It takes
// GODEBUG=randseednop=0.
func seedEverything(seed uint64) (undo func()) {
	chance.Seed(seed)
	rand.Seed(int64(seed)) //nolint:gosec,staticcheck // Of the packages that draw from it.
	reader := crypto.Reader
	crypto.Reader = &lockedReader{from: chachaOf(seed)}
	uniqueNames.NUID = nuid.New()
	return func() { crypto.Reader = reader }
}

// lockedReader may be used concurrently.
type lockedReader struct {
	mu   sync.Mutex
	from *randv2.ChaCha8
}

// Read implements io.Reader.
func (r *lockedReader) Read(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.from.Read(b)
}

func chachaOf(seed uint64) *randv2.ChaCha8 {
	var key [32]byte
	binary.LittleEndian.PutUint64(key[:], seed)
	return randv2.NewChaCha8(key)
}

// release is the one of Go whose runtime thread knows. Of another one nothing is read there, and nothing is written.
const release = "go1.26"
