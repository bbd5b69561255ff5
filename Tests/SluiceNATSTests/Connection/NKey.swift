import Crypto
import Foundation

/// A key of an operator, an account or a user, and the claims that it signs.
///
/// Written by hand: the tool that makes them, nsc, is not one of Debian's packages.
/// https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt
struct NKey {
    enum Kind: UInt8 {
        /// Of all accounts: NATS' operator.
        case owner = 0x70
        case account = 0x00
        case user = 0xA0
    }

    private let key = Curve25519.Signing.PrivateKey()
    private let kind: Kind

    init(_ kind: Kind) { self.kind = kind }

    /// The key by which others know it.
    var name: String { Self.text([kind.rawValue] + key.publicKey.rawRepresentation) }

    /// The secret, for a credentials file.
    var seed: String {
        let seed: UInt8 = 0x90
        return Self.text([seed | kind.rawValue >> 5, kind.rawValue << 3] + key.rawRepresentation)
    }

    /// Claims about a key, signed by this one.
    func signed(_ claims: String, about subject: NKey) throws -> String {
        let names = #""iss":"\#(name)","sub":"\#(subject.name)","name":"test""#
        let body = #"{"iat":1700000000,\#(names),"nats":\#(claims)}"#
        let text = [#"{"typ":"JWT","alg":"ed25519-nkey"}"#, body].map { Self.base64([UInt8]($0.utf8)) }
            .joined(separator: ".")
        return "\(text).\(Self.base64([UInt8](try key.signature(for: Data(text.utf8)))))"
    }

    private static func base64(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacing("+", with: "-").replacing("/", with: "_").replacing("=", with: "")
    }

    /// Base 32 without padding, with a CRC-16 (XMODEM) behind, low byte first.
    private static func text(_ bytes: [UInt8]) -> String {
        var crc: UInt16 = 0
        for byte in bytes {
            crc ^= UInt16(byte) << 8
            for _ in 0..<8 { crc = crc & 0x8000 != 0 ? crc << 1 ^ 0x1021 : crc << 1 }
        }
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567")
        var (text, rest, bits) = ("", 0, 0)
        for byte in bytes + [UInt8(crc & 0xFF), UInt8(crc >> 8)] {
            (rest, bits) = (rest << 8 | Int(byte), bits + 8)
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[rest >> bits & 31])
                rest &= 1 << bits - 1
            }
        }
        if bits > 0 { text.append(alphabet[rest << (5 - bits) & 31]) }
        return text
    }
}
