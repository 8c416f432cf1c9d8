// Command main checks a Loggia log folder with the reference implementation of transparency logs,
// golang.org/x/mod/sumdb (Debian: golang-golang-x-mod-dev). It shares no code with Loggia.
//
//	go run main.go DIR VERIFIER-KEY PROOFS.json
//
// It exits non-zero and names the first thing that is wrong.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const height = 8

type folder string

func (f folder) Height() int { return height }

func (f folder) SaveTiles([]tlog.Tile, [][]byte) {}

// ReadTiles maps sumdb's tile/8/L/N to C2SP's tile/L/N.
func (f folder) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var out [][]byte
	for _, t := range tiles {
		data, err := os.ReadFile(f.path(t))
		if err != nil {
			return nil, err
		}
		out = append(out, data)
	}
	return out, nil
}

func (f folder) path(t tlog.Tile) string {
	p := strings.Replace(t.Path(), "tile/8/data/", "tile/entries/", 1)
	return filepath.Join(string(f), strings.Replace(p, "tile/8/", "tile/", 1))
}

func (f folder) bundle(index, size int64) ([][]byte, error) {
	width := size - index*256
	if width > 256 {
		width = 256
	}
	data, err := os.ReadFile(f.path(tlog.Tile{H: height, L: -1, N: index, W: int(width)}))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for len(data) > 0 {
		if len(data) < 2 || len(data) < 2+int(binary.BigEndian.Uint16(data)) {
			return nil, fmt.Errorf("bundle %d is torn", index)
		}
		n := int(binary.BigEndian.Uint16(data))
		entries = append(entries, data[2:2+n])
		data = data[2+n:]
	}
	if int64(len(entries)) != width {
		return nil, fmt.Errorf("bundle %d has %d entries, not %d", index, len(entries), width)
	}
	return entries, nil
}

type proofs struct {
	Inclusion []struct {
		Index, Size int64
		Root        tlog.Hash
		Entry       []byte
		Proof       []tlog.Hash
	}
	Consistency []struct {
		From, To         int64
		FromRoot, ToRoot tlog.Hash
		Proof            []tlog.Hash
	}
}

func check(dir folder, key, proofsFile string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	signed, err := os.ReadFile(filepath.Join(string(dir), "checkpoint"))
	if err != nil {
		return err
	}
	n, err := note.Open(signed, note.VerifierList(verifier))
	if err != nil {
		return fmt.Errorf("checkpoint: %v", err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return fmt.Errorf("checkpoint: not of the form origin, size, root")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return err
	}
	raw, err := base64.StdEncoding.DecodeString(lines[2])
	if err != nil || len(raw) != tlog.HashSize {
		return fmt.Errorf("checkpoint: bad root")
	}
	var tree tlog.Tree
	tree.N = size
	copy(tree.Hash[:], raw)
	reader := tlog.TileHashReader(tree, dir)

	// Every entry against its stored hash, which the reader authenticates against the root.
	var checked, proved int
	for index := int64(0); index*256 < size; index++ {
		entries, err := dir.bundle(index, size)
		if err != nil {
			return err
		}
		var places []int64
		for i := range entries {
			places = append(places, tlog.StoredHashIndex(0, index*256+int64(i)))
		}
		stored, err := reader.ReadHashes(places)
		if err != nil {
			return fmt.Errorf("bundle %d: %v", index, err)
		}
		for i, entry := range entries {
			id := index*256 + int64(i)
			if stored[i] != tlog.RecordHash(entry) {
				return fmt.Errorf("entry %d: its hash is another", id)
			}
			checked++
			if id%97 == 0 || id == size-1 {
				p, err := tlog.ProveRecord(size, id, reader)
				if err != nil {
					return err
				}
				if err := tlog.CheckRecord(p, size, tree.Hash, id, tlog.RecordHash(entry)); err != nil {
					return fmt.Errorf("entry %d: %v", id, err)
				}
				proved++
			}
		}
	}
	for old := int64(1); old <= size; old += 1 + size/40 {
		h, err := tlog.TreeHash(old, reader)
		if err != nil {
			return err
		}
		p, err := tlog.ProveTree(size, old, reader)
		if err != nil {
			return err
		}
		if err := tlog.CheckTree(p, size, tree.Hash, old, h); err != nil {
			return fmt.Errorf("consistency %d to %d: %v", old, size, err)
		}
	}
	ours, err := checkOurs(proofsFile)
	if err != nil {
		return err
	}
	fmt.Printf("ok: %d entries, %d inclusion proofs, %d proofs of Loggia's own\n", checked, proved, ours)
	return nil
}

// checkOurs checks the proofs that Loggia made.
func checkOurs(file string) (int, error) {
	data, err := os.ReadFile(file)
	if err != nil {
		return 0, err
	}
	var all proofs
	if err := json.Unmarshal(data, &all); err != nil {
		return 0, err
	}
	for _, p := range all.Inclusion {
		if err := tlog.CheckRecord(p.Proof, p.Size, p.Root, p.Index, tlog.RecordHash(p.Entry)); err != nil {
			return 0, fmt.Errorf("Loggia's proof of entry %d in %d: %v", p.Index, p.Size, err)
		}
	}
	for _, p := range all.Consistency {
		if err := tlog.CheckTree(p.Proof, p.To, p.ToRoot, p.From, p.FromRoot); err != nil {
			return 0, fmt.Errorf("Loggia's consistency proof %d to %d: %v", p.From, p.To, err)
		}
	}
	return len(all.Inclusion) + len(all.Consistency), nil
}

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: main DIR VERIFIER-KEY PROOFS.json")
		os.Exit(2)
	}
	if err := check(folder(os.Args[1]), os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "wrong:", err)
		os.Exit(1)
	}
}
