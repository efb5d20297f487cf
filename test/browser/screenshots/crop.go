package main

import (
	"bytes"
	"fmt"
	"image"
	"image/png"
	"os"
)

// topOf is how much of a wide picture the README shows: the verdict, the figures and the charts.
const topOf = 716

// crop writes the first rows of a picture that shrink has made to another file.
func crop(from, to string, rows int) error {
	file, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	full, err := png.Decode(bytes.NewReader(file))
	if err != nil {
		return fmt.Errorf("read %s: %w", from, err)
	}
	paletted, ok := full.(*image.Paletted)
	if !ok {
		return fmt.Errorf("%s has no palette", from)
	}
	bounds := full.Bounds()
	bounds.Max.Y = min(bounds.Max.Y, bounds.Min.Y+rows)
	var out bytes.Buffer
	encoder := png.Encoder{CompressionLevel: png.BestCompression}
	if err := encoder.Encode(&out, paletted.SubImage(bounds)); err != nil {
		return fmt.Errorf("write %s: %w", to, err)
	}
	return os.WriteFile(to, out.Bytes(), 0o644)
}
