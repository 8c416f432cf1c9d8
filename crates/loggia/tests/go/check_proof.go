// Command check_proof checks C2SP tlog-proofs with Go's own transparency log library,
// golang.org/x/mod/sumdb (Debian: golang-golang-x-mod-dev). It shares no code with Loggia.
//
//	GO111MODULE=off GOPATH=/usr/share/gocode go run check_proof.go POLICY BODIES PROOF...
//
// Each proof must lead from its entry to a checkpoint that the policy's log signed and that at
// least BODIES of the policy's Ed25519 witnesses cosigned. It exits non-zero and says what is
// wrong.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner verifies cosignature/v1 lines (C2SP tlog-cosignature, type 0x04).
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }
func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize {
		return false
	}
	at := binary.BigEndian.Uint64(sig)
	text := append([]byte(fmt.Sprintf("cosignature/v1\ntime %d\n", at)), msg...)
	return ed25519.Verify(c.key, text, sig[8:])
}

func policy(path string) (logs, witnesses []note.Verifier, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	for _, line := range strings.Split(string(data), "\n") {
		words := strings.Fields(line)
		switch {
		case len(words) > 1 && words[0] == "log":
			v, err := note.NewVerifier(words[1])
			if err != nil {
				return nil, nil, err
			}
			logs = append(logs, v)
		case len(words) > 2 && words[0] == "witness":
			parts := strings.SplitN(words[2], "+", 3)
			if len(parts) != 3 {
				return nil, nil, errors.New(line)
			}
			id, err1 := hex.DecodeString(parts[1])
			key, err2 := base64.StdEncoding.DecodeString(parts[2])
			if err1 != nil || err2 != nil || len(id) != 4 {
				return nil, nil, errors.New(line)
			}
			if len(key) == 1+ed25519.PublicKeySize && key[0] == 0x04 {
				witnesses = append(witnesses, cosigner{parts[0], binary.BigEndian.Uint32(id), key[1:]})
			}
		}
	}
	return logs, witnesses, nil
}

func check(path string, logs, witnesses []note.Verifier, bodies int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	head, text, _ := bytes.Cut(data, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if len(lines) < 3 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return errors.New("no tlog-proof with its entry")
	}
	entry, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(lines[1], "extra "))
	if err != nil {
		return err
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[2], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[3:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		proof = append(proof, h)
	}
	signed, err := note.Open(text, note.VerifierList(append(logs, witnesses...)...))
	if err != nil {
		return err
	}
	byLog, by := false, map[string]bool{}
	for _, sig := range signed.Sigs {
		for _, l := range logs {
			byLog = byLog || (sig.Name == l.Name() && sig.Hash == l.KeyHash())
		}
		for _, w := range witnesses {
			if sig.Name == w.Name() && sig.Hash == w.KeyHash() {
				by[sig.Name] = true
			}
		}
	}
	if !byLog {
		return errors.New("not signed by a log of the policy")
	}
	if len(by) < bodies {
		return fmt.Errorf("cosigned by %d of the policy's witnesses, not %d", len(by), bodies)
	}
	parts := strings.Split(signed.Text, "\n")
	size, err := strconv.ParseInt(parts[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(parts[2])
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, size, root, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("entry %d of %d, cosigned by %d bodies: %s\n", index, size, len(by), entry)
	return nil
}

func main() {
	fail := func(err error) {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if len(os.Args) < 4 {
		fail(errors.New("check_proof POLICY BODIES PROOF..."))
	}
	logs, witnesses, err := policy(os.Args[1])
	if err != nil {
		fail(err)
	}
	bodies, err := strconv.Atoi(os.Args[2])
	if err != nil || bodies < 1 {
		fail(errors.New("BODIES is how many witnesses are enough"))
	}
	for _, path := range os.Args[3:] {
		if err := check(path, logs, witnesses, bodies); err != nil {
			fail(fmt.Errorf("%s: %w", path, err))
		}
	}
}
