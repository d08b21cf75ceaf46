//! One end of a TLS connection, by rustls.

use std::io::{Read, Write};
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{ClientConfig, ClientConnection, Connection, DigitallySignedStruct, ServerConfig, ServerConnection};
use rustls::{Error, SignatureScheme};

use super::Broken;

/// A certificate for `server.example` that signed itself, and its key: Ed25519. No secret, and good for nothing else.
const CERTIFICATE: &[u8] = include_bytes!("server.example.der");
const KEY: &[u8] = include_bytes!("server.example.key");

/// One end of a connection.
pub(crate) struct Session {
    inner: Connection,
    /// The peer has said that it sends no more.
    has_ended: bool,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("is_handshaking", &self.is_handshaking()).finish()
    }
}

impl Session {
    /// A client that takes any certificate; none if rustls refuses its configuration.
    pub(crate) fn client() -> Option<Session> {
        let provider = Arc::new(ring::default_provider());
        let config = ClientConfig::builder_with_provider(Arc::clone(&provider))
            .with_safe_default_protocol_versions()
            .ok()?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        let name = ServerName::try_from("server.example").ok()?;
        let connection = ClientConnection::new(Arc::new(config), name).ok()?;
        Some(Session::of(connection.into()))
    }

    /// A server with the certificate of `server.example`; none if rustls refuses its configuration.
    pub(crate) fn server() -> Option<Session> {
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(KEY));
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .ok()?
            .with_no_client_auth()
            .with_single_cert(vec![CertificateDer::from(CERTIFICATE)], key)
            .ok()?;
        let connection = ServerConnection::new(Arc::new(config)).ok()?;
        Some(Session::of(connection.into()))
    }

    fn of(mut inner: Connection) -> Session {
        // What is held back is bounded by whoever writes.
        inner.set_buffer_limit(None);
        Session { inner, has_ended: false }
    }

    /// Whether the handshake is not over.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.inner.is_handshaking()
    }

    /// Whether the peer has said that it sends no more.
    pub(crate) fn has_ended(&self) -> bool {
        self.has_ended
    }

    /// Says that nothing more is sent from here.
    pub(crate) fn end(&mut self) {
        self.inner.send_close_notify();
    }

    /// Takes octets off the wire; puts what they carry behind `plain`.
    pub(crate) fn receive(&mut self, mut octets: &[u8], plain: &mut Vec<u8>) -> Result<(), Broken> {
        loop {
            // rustls takes as much as it has room for.
            let is_more = !octets.is_empty() && self.inner.read_tls(&mut octets).unwrap_or(0) > 0;
            let state = self.inner.process_new_packets().map_err(broken)?;
            self.has_ended |= state.peer_has_closed();
            if state.plaintext_bytes_to_read() > 0 {
                let mut carried = vec![0; state.plaintext_bytes_to_read()];
                let count = self.inner.reader().read(&mut carried).unwrap_or(0);
                plain.extend_from_slice(&carried[..count]);
            }
            if !is_more {
                return Ok(());
            }
        }
    }

    /// Has something to say.
    pub(crate) fn send(&mut self, plain: &[u8]) {
        // Without a limit the buffer takes everything.
        _ = self.inner.writer().write_all(plain);
    }

    /// Puts what is to go on the wire behind `wire`.
    pub(crate) fn outgoing(&mut self, wire: &mut Vec<u8>) {
        while self.inner.wants_write() && self.inner.write_tls(wire).is_ok_and(|count| count > 0) {}
    }
}

fn broken(error: Error) -> Broken {
    match error {
        Error::AlertReceived(alert) => Broken::Alert(format!("{alert:?}")),
        error => Broken::Peer(error.to_string()),
    }
}

/// Takes any certificate, and any signature that fits it.
#[derive(Debug)]
struct AnyCertificate(Arc<CryptoProvider>);

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls12_signature(message, certificate, signed, algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.0.signature_verification_algorithms;
        rustls::crypto::verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Carries octets both ways until nothing is left; what each end has heard.
    fn carry(client: &mut Session, server: &mut Session) -> (Vec<u8>, Vec<u8>) {
        let (mut to_client, mut to_server) = (Vec::new(), Vec::new());
        loop {
            let (mut up, mut down) = (Vec::new(), Vec::new());
            client.outgoing(&mut up);
            server.outgoing(&mut down);
            if up.is_empty() && down.is_empty() {
                return (to_client, to_server);
            }
            for octet in up {
                server.receive(&[octet], &mut to_server).unwrap();
            }
            client.receive(&down, &mut to_client).unwrap();
        }
    }

    #[test]
    fn both_ends_agree() {
        let (mut client, mut server) = (Session::client().unwrap(), Session::server().unwrap());
        assert!(client.is_handshaking());
        carry(&mut client, &mut server);
        assert!(!client.is_handshaking() && !server.is_handshaking());
        let long = vec![b'x'; 100_000];
        client.send(&long);
        server.send(b"hello");
        let (to_client, to_server) = carry(&mut client, &mut server);
        assert_eq!(to_client, b"hello");
        assert_eq!(to_server, long);
        server.end();
        carry(&mut client, &mut server);
        assert!(client.has_ended() && !server.has_ended());
    }

    #[test]
    fn plain_text_is_no_tls() {
        let said = Session::server().unwrap().receive(b"NOOP\r\n and some more", &mut Vec::new());
        assert!(matches!(said, Err(Broken::Peer(_))), "{said:?}");
    }
}
