// Package cluster runs real etcd clusters for tests: any version, one or several members, plain, mutual TLS or password, with
// the faults that tests need. Everything a cluster starts ends with its test.
package cluster

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
)

// Debian's etcd, used where no other build of this version is in the cache.
const debian = "3.4.23"

// All are the versions of the soak, Slice those of every test run.
var (
	All   = []string{"3.4.23", "3.5.8", "3.5.35", "3.6.16", "3.7.3"}
	Slice = []string{"3.4.23", "3.6.16"}
)

// Versions to test: BELLWETHER_ETCD_VERSIONS is "all" or a list with commas; else the slice.
func Versions() []string {
	switch chosen := os.Getenv("BELLWETHER_ETCD_VERSIONS"); chosen {
	case "":
		return Slice
	case "all":
		return All
	default:
		return strings.Split(chosen, ",")
	}
}

// Folder with etcd and etcdctl of a version. BELLWETHER_ETCD_BIN, where set, stands in for every version.
func Folder(t T, version string) string {
	t.Helper()
	var tried []string
	candidates := []string{}
	if forced := os.Getenv("BELLWETHER_ETCD_BIN"); forced != "" {
		candidates = append(candidates, forced)
	} else {
		cache := os.Getenv("XDG_CACHE_HOME")
		if cache == "" {
			home, err := os.UserHomeDir()
			if err != nil {
				t.Fatal(err)
			}
			cache = filepath.Join(home, ".cache")
		}
		candidates = append(candidates, filepath.Join(cache, "bellwether", "etcd-"+version))
		if version == debian {
			candidates = append(candidates, "/usr/bin")
		}
	}
	for _, folder := range candidates {
		if _, err := exec.LookPath(filepath.Join(folder, "etcd")); err == nil {
			return folder
		}
		tried = append(tried, folder)
	}
	Skip(t, "etcd "+version+" is not in "+strings.Join(tried, " or ")+"; ./run setup puts it there")
	return ""
}

// Bellwether is the binary under test: BELLWETHER_BIN, or that of the plain build.
func Bellwether(t T) string {
	path := os.Getenv("BELLWETHER_BIN")
	if path == "" {
		_, file, _, _ := runtime.Caller(0)
		path = filepath.Join(filepath.Dir(file), "../../../..", "build", "bellwether")
	}
	if _, err := exec.LookPath(path); err != nil {
		Skip(t, path+" is not built; ./run build makes it")
	}
	return path
}

// Skip where something is missing; with CI=true that is a failure.
func Skip(t T, why string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal("skipped, which CI forbids: " + why)
	}
	t.Skip("SKIPPED: " + why)
}

// MayConfirmRevokedLeases: servers older than 3.4.38, 3.5.23 and 3.6.5 answer keepalives of revoked leases with success, and
// the oldest may revoke live ones when their leader changes. Rows that kill their leader are reported, not asserted.
func MayConfirmRevokedLeases(version string) bool {
	var parts [3]int
	for i, text := range strings.SplitN(version, ".", 3) {
		parts[i], _ = strconv.Atoi(text)
	}
	fixed := map[int]int{4: 38, 5: 23, 6: 5}
	patch, old := fixed[parts[1]]
	return old && parts[2] < patch
}
