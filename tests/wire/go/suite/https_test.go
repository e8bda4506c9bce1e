package suite

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"bellwether.io/bellwether/tests/wire/go/cluster"
	"bellwether.io/bellwether/tests/wire/go/controller"
)

func get(config *tls.Config, url string) (string, error) {
	transport := &http.Transport{TLSClientConfig: config, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport, Timeout: time.Minute}
	// The second one on the same connection.
	for range 2 {
		response, err := client.Get(url)
		if err != nil {
			return "", err
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		if err != nil || response.StatusCode != 200 {
			return "", fmt.Errorf("%s: %s %v", response.Status, body, err)
		}
		if response.Proto != "HTTP/1.1" {
			return "", errors.New(response.Proto)
		}
	}
	return "served", nil
}

func TestGoClientsSpeakHTTPSWithTheController(t *testing.T) {
	t.Parallel()
	certs := cluster.NewCerts(t, t.TempDir(), "127.0.0.1")
	// Its etcd is away, which /livez does not mind.
	https := controller.Start(t, fmt.Sprintf("etcd: {endpoints: [\"http://127.0.0.1:1\"]}\nhttp: {tls: {cert: %s, key: %s, clientCa: %s}}\n",
		certs.ServerCert, certs.ServerKey, certs.CA))
	url := "https://" + https.Address + "/livez"
	good := certs.ClientConfig(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := good.Clone()
		config.MinVersion, config.MaxVersion = version, version
		config.ClientSessionCache = tls.NewLRUClientSessionCache(10) // offers to take a session up again
		for range 3 {
			if _, err := get(config, url); err != nil {
				t.Errorf("TLS %x: %v", version, err)
			}
		}
	}
	foreign := cluster.NewCerts(t, t.TempDir(), "127.0.0.1")
	for _, bad := range []struct {
		why    string
		change func(c *tls.Config)
	}{
		{"protocol version", func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }},
		{"certificate required", func(c *tls.Config) { c.Certificates = nil }},
		{"unknown certificate authority", func(c *tls.Config) { c.Certificates = foreign.ClientConfig(t).Certificates }},
		{"certificate signed by unknown authority", func(c *tls.Config) { c.RootCAs = x509.NewCertPool() }},
	} {
		config := good.Clone()
		// As a client that shows what it has, whatever the server asks for.
		bad.change(config)
		if len(config.Certificates) > 0 {
			shown := config.Certificates[0]
			config.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &shown, nil }
		}
		if _, err := get(config, url); err == nil || !strings.Contains(err.Error(), bad.why) {
			t.Errorf("want %q, got %v", bad.why, err)
		}
	}
	if _, err := get(good, url); err != nil {
		t.Error(err)
	}
}
