import Glibc
import Sluice
import SluicePostgres
import Synchronization

/// As much of a broker as refuses a password: it answers ApiVersions, SaslHandshake and SaslAuthenticate as Kafka's
/// protocol guide has them, the last with SASL_AUTHENTICATION_FAILED.
final class StrictBroker: Sendable {
    let address: String
    private let listener: Int32

    init() throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_addr.s_addr = inet_addr("127.0.0.1")
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = withUnsafeMutablePointer(to: &name) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, size) == 0 && listen(listener, 8) == 0 && getsockname(listener, $0, &size) == 0
            }
        }
        guard isBound else { throw TestFailure("no port: \(errno)") }
        address = "127.0.0.1:\(UInt16(bigEndian: name.sin_port))"
        self.listener = listener
        // Ends when the listening socket is shut down.
        startThread {
            while true {
                let client = accept(listener, nil, nil)
                guard client >= 0 else { break }
                Self.serve(client)
                close(client)
            }
            close(listener)
        }
    }

    deinit {
        shutdown(listener, Int32(SHUT_RDWR))
    }

    private static func serve(_ client: Int32) {
        while let length = read(client, 4), let request = read(client, Int(number(length))) {
            let body: [UInt8]
            switch number(request[..<2]) {
            case 18:  // ApiVersions 3: no error; a compact list of kind, lowest and highest version; throttle; tags
                let kinds: [[UInt8]] = [[0, 17, 0, 0, 0, 1, 0], [0, 18, 0, 0, 0, 3, 0], [0, 36, 0, 0, 0, 1, 0]]
                body = [0, 0, UInt8(kinds.count + 1)] + kinds.flatMap { $0 } + [0, 0, 0, 0, 0]
            case 17:  // SaslHandshake: no error; the mechanisms
                body = [0, 0, 0, 0, 0, 1] + string("PLAIN")
            case 36:  // SaslAuthenticate: the error and its text; no bytes; in version 1 how long the session lives
                let version = number(request[2..<4])
                body =
                    [0, 58] + string("Wrong user or password") + [0, 0, 0, 0]
                    + [UInt8](repeating: 0, count: version * 8)
            default:
                return
            }
            // What was asked says which answer this is.
            let answer = request[4..<8] + body
            let frame = [0, 0, UInt8(answer.count >> 8), UInt8(answer.count & 0xFF)] + answer
            guard send(client, frame, frame.count, Int32(MSG_NOSIGNAL)) == frame.count else { return }
        }
    }

    private static func string(_ text: String) -> [UInt8] {
        [0, UInt8(text.utf8.count)] + text.utf8
    }

    private static func number(_ bytes: some Sequence<UInt8>) -> Int {
        bytes.reduce(0) { $0 << 8 | Int($1) }
    }

    private static func read(_ client: Int32, _ count: Int) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        return recv(client, &bytes, count, Int32(MSG_WAITALL)) == count ? bytes : nil
    }
}
