package cluster

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"
)

// Certs are files of one authority, one server certificate for the cluster's address, and one for clients.
type Certs struct {
	CA, Cert, Key         string // of the authority, and the client's
	ServerCert, ServerKey string
	authority             *x509.Certificate
	authorityKey          *ecdsa.PrivateKey
	folder                string
	serial                int64
}

// NewCerts makes them in the folder, for a server with this address.
func NewCerts(t T, folder, address string) *Certs {
	c := &Certs{folder: folder}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.authorityKey = key
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "test authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	if c.authority, err = x509.ParseCertificate(der); err != nil {
		t.Fatal(err)
	}
	c.serial = 1
	c.CA = c.write(t, "ca.pem", "CERTIFICATE", der)
	c.ServerCert, c.ServerKey = c.issue(t, "server", address)
	c.Cert, c.Key = c.issue(t, "client", "")
	return c
}

func (c *Certs) issue(t T, name, address string) (cert, key string) {
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c.serial++
	template := &x509.Certificate{
		SerialNumber: big.NewInt(c.serial), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	if address != "" {
		template.IPAddresses = []net.IP{net.ParseIP(address)}
	}
	der, err := x509.CreateCertificate(rand.Reader, template, c.authority, &private.PublicKey, c.authorityKey)
	if err != nil {
		t.Fatal(err)
	}
	bytes, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return c.write(t, name+".pem", "CERTIFICATE", der), c.write(t, name+"-key.pem", "PRIVATE KEY", bytes)
}

func (c *Certs) write(t T, name, kind string, der []byte) string {
	path := filepath.Join(c.folder, name)
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// ClientConfig is what a client of this authority uses.
func (c *Certs) ClientConfig(t T) *tls.Config {
	pair, err := tls.LoadX509KeyPair(c.Cert, c.Key)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(c.authority)
	return &tls.Config{Certificates: []tls.Certificate{pair}, RootCAs: pool}
}
