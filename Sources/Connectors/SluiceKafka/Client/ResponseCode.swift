import CLibRDKafka

/// An error of librdkafka or of a broker.
typealias ResponseCode = rd_kafka_resp_err_t

extension ResponseCode {
    /// The library's description.
    var text: String { String(cString: rd_kafka_err2str(self)) }
}

/// What the library tells about its connections between the reports.
struct Trouble {
    var code: ResponseCode
    var text: String

    /// Whether TLS fails.
    ///
    /// Which code and which of OpenSSL's words tell of a handshake depends on which of the two ends noticed first, and in
    /// which call; the step in which the connection was tells of all.
    let isAboutTLS: Bool

    /// Takes a text as the library wrote it.
    init(_ code: ResponseCode, _ text: String) {
        self.code = code
        isAboutTLS = code == RD_KAFKA_RESP_ERR__SSL || text.contains("SSL routines") || text.contains("SSL_HANDSHAKE")
        // What follows tells how long which step took.
        self.text = text.firstRange(of: " (after ").map { String(text[..<$0.lowerBound]) } ?? text
    }

    /// Which of two troubles explains more: refused credentials and certificates more than a closed connection.
    var weight: Int {
        switch code {
        case RD_KAFKA_RESP_ERR__AUTHENTICATION, RD_KAFKA_RESP_ERR_SASL_AUTHENTICATION_FAILED,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_SASL_MECHANISM, RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE:
            3
        case _ where isAboutTLS: 2
        case RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN: 0
        default: 1
        }
    }
}
