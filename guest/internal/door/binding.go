package door

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"io"
	"net"
)

// bound is what the door answers when it is the sandbox's that the binding names.
const bound = 1

// purpose keeps signatures of the same key for anything else from being bindings.
const purpose = "berth door binding 1\x00"

// binding is how the door of a pod that was started for nobody becomes one sandbox's.
type binding struct {
	key ed25519.PublicKey
	pod string
}

// NewUnbound makes a door that opens to nobody until it is bound: a connection brings the SHA-256 of a sandbox's secret and, by the holder of the
// key, a signature of that and of this pod's uid. The first such binding stays. key is the public key in hexadecimal digits.
func NewUnbound(key, pod, to string) (*Door, error) {
	d, err := doorTo(to)
	if err != nil {
		return nil, err
	}
	public, err := hex.DecodeString(key)
	if err != nil || len(public) != ed25519.PublicKeySize {
		return nil, errors.New("the key of bindings: 64 hexadecimal digits are expected")
	}
	if pod == "" {
		return nil, errors.New("the uid of the pod is missing")
	}
	d.binding = &binding{key: public, pod: pod}
	return d, nil
}

// bind answers one byte when the door is that secret's, from now on or since an earlier binding; and nothing to everyone else.
func (d *Door) bind(conn net.Conn, hash digest) {
	var signature [ed25519.SignatureSize]byte
	if _, err := io.ReadFull(conn, signature[:]); err != nil {
		return
	}
	if !ed25519.Verify(d.binding.key, d.binding.message(hash), signature[:]) {
		return
	}
	if d.hash.CompareAndSwap(nil, &hash) || *d.hash.Load() == hash {
		_, _ = conn.Write([]byte{bound})
	}
}

func (b *binding) message(hash digest) []byte {
	message := append([]byte(purpose), hash[:]...)
	return append(message, b.pod...)
}
