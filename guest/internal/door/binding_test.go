package door

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"testing"
)

const podUID = "8a6e2a4c-0000-4000-8000-000000000001"

var (
	holder   = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, ed25519.SeedSize))
	stranger = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{4}, ed25519.SeedSize))
)

// unbound opens a door that waits for a binding to podUID by the holder.
func unbound(t *testing.T) string {
	return open(t, func(d *Door) {
		made, err := NewUnbound(hex.EncodeToString(holder.Public().(ed25519.PublicKey)), podUID, "unix:"+d.path)
		if err != nil {
			t.Fatal(err)
		}
		d.hash.Store(nil)
		d.binding = made.binding
	})
}

func bindingOf(secret []byte, pod string, by ed25519.PrivateKey) []byte {
	hash := sha256.Sum256(secret)
	signed := append(append([]byte("berth door binding 1\x00"), hash[:]...), pod...)
	return append(hash[:], ed25519.Sign(by, signed)...)
}

func TestAnUnboundDoorOpensToNobody(t *testing.T) {
	address := unbound(t)
	for _, beginning := range [][]byte{secret, make([]byte, SecretBytes), []byte(hashOf(nil))} {
		if got := said(t, address, append(bytes.Clone(beginning), "hello"...)); got != "" {
			t.Errorf("%q", got)
		}
	}
}

func TestABoundDoorOpensToItsSecretAloneAndNothingBindsItAnew(t *testing.T) {
	address := unbound(t)
	other := bytes.Repeat([]byte{9}, SecretBytes)
	first, second := bindingOf(secret, podUID, holder), bindingOf(other, podUID, holder)
	if got := said(t, address, first); got != "\x01" {
		t.Fatalf("%q", got)
	}
	if got := said(t, address, second); got != "" {
		t.Errorf("a second binding is answered %q", got)
	}
	if got := said(t, address, first); got != "\x01" {
		t.Errorf("the same binding again is answered %q", got)
	}
	if got := said(t, address, append(bytes.Clone(secret), "hello"...)); got != "hello" {
		t.Errorf("%q", got)
	}
	for _, beginning := range [][]byte{other, first[:SecretBytes]} {
		if got := said(t, address, append(bytes.Clone(beginning), "hello"...)); got != "" {
			t.Errorf("%q", got)
		}
	}
}

func TestABindingForAnotherPodOrBySomeoneElseOrOfSomethingElseBindsNothing(t *testing.T) {
	address := unbound(t)
	swapped := bindingOf(secret, podUID, holder)
	copy(swapped, make([]byte, SecretBytes))
	wrong := [][]byte{bindingOf(secret, podUID+"2", holder), bindingOf(secret, podUID, stranger), swapped, swapped[:SecretBytes+1]}
	for _, binding := range wrong {
		if got := said(t, address, binding); got != "" {
			t.Errorf("%q", got)
		}
	}
	if got := said(t, address, bindingOf(secret, podUID, holder)); got != "\x01" {
		t.Errorf("%q", got)
	}
}

func TestADoorWithASecretFromTheStartCannotBeBound(t *testing.T) {
	other := bytes.Repeat([]byte{9}, SecretBytes)
	if got := said(t, open(t, nil), bindingOf(other, podUID, holder)); got != "" {
		t.Errorf("%q", got)
	}
}

func TestAnUnboundDoorNeedsAKeyAPodAndAGuest(t *testing.T) {
	key := hex.EncodeToString(holder.Public().(ed25519.PublicKey))
	for _, wrong := range [][3]string{{"", podUID, "unix:/x"}, {key[2:], podUID, "unix:/x"}, {key, "", "unix:/x"}, {key, podUID, "/x"}} {
		if _, err := NewUnbound(wrong[0], wrong[1], wrong[2]); err == nil {
			t.Errorf("%q", wrong)
		}
	}
}
