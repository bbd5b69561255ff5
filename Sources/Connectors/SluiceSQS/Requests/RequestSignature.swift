import Crypto
import FoundationEssentials
import SluiceHTTP

/// Signs requests to one AWS service in one region with Signature Version 4.
///
/// The query is always empty: the services with a JSON protocol take everything from the body.
/// Rules: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
struct RequestSignature {
    var region: String
    var service: String

    /// The value of the `Authorization` header.
    ///
    /// - Parameters:
    ///   - request: The headers are all signed; `host` and `x-amz-date` have to be among them.
    ///   - path: The path of the request's URL.
    ///   - time: The same as in the header `x-amz-date`.
    ///   - credentials: Whose key signs.
    /// - Returns: The header's value; it holds no secret.
    func authorization(of request: HTTPRequest, path: String, at time: SigningTime, by credentials: AWSCredentials)
        -> String
    {
        let headers = request.headers.map { field in
            (name: field.name.lowercased(), value: field.value.trimmingSpaces)
        }.sorted { $0.name < $1.name }
        let names = headers.map(\.name).joined(separator: ";")
        let canonicalRequest = """
            \(request.method)
            \(Self.encoded(path: path))

            \(headers.map { "\($0.name):\($0.value)\n" }.joined())
            \(names)
            \(SHA256.hash(data: request.body).hexadecimal)
            """
        let scope = "\(time.day)/\(region)/\(service)/aws4_request"
        let text = """
            AWS4-HMAC-SHA256
            \(time.second)
            \(scope)
            \(SHA256.hash(data: Array(canonicalRequest.utf8)).hexadecimal)
            """
        let signature = Self.code(text, key: key(of: credentials, day: time.day)).hexadecimal
        return "AWS4-HMAC-SHA256 Credential=\(credentials.accessKeyID)/\(scope), SignedHeaders=\(names), "
            + "Signature=\(signature)"
    }

    private func key(of credentials: AWSCredentials, day: String) -> SymmetricKey {
        let first = SymmetricKey(data: Array("AWS4\(credentials.secretAccessKey)".utf8))
        return [day, region, service, "aws4_request"].reduce(first) { key, part in
            SymmetricKey(data: Self.code(part, key: key))
        }
    }

    private static func code(_ text: String, key: SymmetricKey) -> HMAC<SHA256>.MAC {
        HMAC<SHA256>.authenticationCode(for: Array(text.utf8), using: key)
    }

    /// Encodes a path that is already percent-encoded once more, as every service but S3 wants it.
    private static func encoded(path: String) -> String {
        path.utf8.map { byte in
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                String(UnicodeScalar(byte))
            default: "%" + [byte].hexadecimal.uppercased()
            }
        }.joined()
    }
}

/// A moment as signatures write it.
struct SigningTime {
    /// For example `20150830T123600Z`.
    let second: String

    /// For example `20150830`.
    var day: String { String(second.prefix(8)) }

    init(_ date: Date) {
        second = date.formatted(Date.ISO8601FormatStyle(dateSeparator: .omitted, timeSeparator: .omitted))
    }
}

extension String {
    fileprivate var trimmingSpaces: String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
