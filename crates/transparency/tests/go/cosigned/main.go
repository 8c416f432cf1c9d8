// Command main checks that an entry is in a log under a checkpoint that witnesses cosigned, with
// golang.org/x/mod/sumdb (Debian: golang-golang-x-mod-dev) and Go's own Ed25519. It shares no code
// with Loggia.
//
//	go run main.go FILE.tlog-proof ENTRY QUORUM LOG-KEY WITNESS-KEY...
//
// Witness keys are those of type 4 (Ed25519, cosignature/v1); lines of other keys are ignored.
package main

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// cosigner is a note.Verifier for C2SP tlog-cosignature with Ed25519.
type cosigner struct {
	name string
	hash uint32
	key  ed25519.PublicKey
}

func (c cosigner) Name() string    { return c.name }
func (c cosigner) KeyHash() uint32 { return c.hash }

func (c cosigner) Verify(msg, sig []byte) bool {
	if len(sig) != 8+ed25519.SignatureSize || len(c.key) != ed25519.PublicKeySize {
		return false
	}
	head := fmt.Sprintf("cosignature/v1\ntime %d\n", binary.BigEndian.Uint64(sig))
	return ed25519.Verify(c.key, append([]byte(head), msg...), sig[8:])
}

func newCosigner(vkey string) (cosigner, error) {
	parts := strings.SplitN(vkey, "+", 3)
	if len(parts) != 3 {
		return cosigner{}, fmt.Errorf("%q is not of the form name+hash+key", vkey)
	}
	hash, err := strconv.ParseUint(parts[1], 16, 32)
	if err != nil {
		return cosigner{}, err
	}
	key, err := base64.StdEncoding.DecodeString(parts[2])
	if err != nil || len(key) != 33 || key[0] != 4 {
		return cosigner{}, fmt.Errorf("%s: not an Ed25519 witness key (type 4)", parts[0])
	}
	return cosigner{parts[0], uint32(hash), key[1:]}, nil
}

func check(proofFile, entryFile, quorum, logKey string, witnessKeys []string) error {
	proof, err := os.ReadFile(proofFile)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryFile)
	if err != nil {
		return err
	}
	need, err := strconv.Atoi(quorum)
	if err != nil {
		return err
	}
	logVerifier, err := note.NewVerifier(logKey)
	if err != nil {
		return err
	}
	known := []note.Verifier{logVerifier}
	for _, k := range witnessKeys {
		c, err := newCosigner(k)
		if err != nil {
			return err
		}
		known = append(known, c)
	}
	head, checkpoint, found := bytes.Cut(proof, []byte("\n\n"))
	lines := strings.Split(string(head), "\n")
	if !found || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" {
		return fmt.Errorf("not a tlog-proof")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	n, err := note.Open(checkpoint, note.VerifierList(known...))
	if err != nil {
		return err
	}
	byLog, by := false, map[string]bool{}
	for _, s := range n.Sigs {
		if s.Name == logVerifier.Name() && s.Hash == logVerifier.KeyHash() {
			byLog = true
		} else {
			by[s.Name] = true
		}
	}
	text := strings.Split(n.Text, "\n")
	if !byLog || len(text) < 4 || text[0] != logVerifier.Name() {
		return fmt.Errorf("the checkpoint is not signed by the log")
	}
	if len(by) < need {
		return fmt.Errorf("%d witnesses cosigned; %d are the quorum", len(by), need)
	}
	size, err := strconv.ParseInt(text[1], 10, 64)
	if err != nil {
		return err
	}
	root, err := tlog.ParseHash(text[2])
	if err != nil {
		return err
	}
	var path tlog.RecordProof
	for _, line := range lines[2:] {
		h, err := tlog.ParseHash(line)
		if err != nil {
			return err
		}
		path = append(path, h)
	}
	if err := tlog.CheckRecord(path, size, root, index, tlog.RecordHash(entry)); err != nil {
		return err
	}
	fmt.Printf("ok: entry %d of %d, cosigned by %d witnesses\n", index, size, len(by))
	return nil
}

func main() {
	if len(os.Args) < 5 {
		fmt.Fprintln(os.Stderr, "usage: main FILE.tlog-proof ENTRY QUORUM LOG-KEY WITNESS-KEY...")
		os.Exit(2)
	}
	if err := check(os.Args[1], os.Args[2], os.Args[3], os.Args[4], os.Args[5:]); err != nil {
		fmt.Fprintln(os.Stderr, "wrong:", err)
		os.Exit(1)
	}
}
