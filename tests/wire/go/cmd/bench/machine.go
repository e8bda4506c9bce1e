package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"golang.org/x/sys/unix"
)

// machine says where the figures come from: without it they cannot be compared.
func machine(b *bench) string {
	var name unix.Utsname
	_ = unix.Uname(&name)
	var info unix.Sysinfo_t
	_ = unix.Sysinfo(&info)
	memory := float64(info.Totalram) * float64(info.Unit) / (1 << 30)
	return fmt.Sprintf("%s, %d cores, %.0f GiB, Linux %s, load average %s; etcd %s (one member, data in %s); %s",
		cpuModel(), runtime.NumCPU(), memory, unix.ByteSliceToString(name.Release[:]), loadAverage(), b.version, os.TempDir(),
		b.productVersion())
}

func cpuModel() string {
	text, _ := os.ReadFile("/proc/cpuinfo")
	_, after, _ := strings.Cut(string(text), "model name\t: ")
	model, _, _ := strings.Cut(after, "\n")
	return model
}

func loadAverage() string {
	text, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(text), " ")
	return first
}

func (b *bench) productVersion() string {
	out, err := exec.Command(b.binary, "version").Output()
	if err != nil {
		b.Fatalf("%s version: %v", b.binary, err)
	}
	return string(bytes.TrimSpace(out))
}
