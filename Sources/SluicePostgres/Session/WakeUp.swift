internal import Glibc

/// A descriptor that a thread polls together with a socket, and that any thread can make readable.
final class WakeUp: Sendable {
    /// The end to poll.
    let descriptor: Int32
    private let other: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let result = socketpair(AF_UNIX, type, 0, &ends)
        precondition(result == 0, "The system refused a descriptor: \(String(cString: strerror(errno)))")
        (descriptor, other) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(other)
    }

    /// Makes it readable; a full buffer is as good, for then it is readable already.
    func signal() {
        var byte: UInt8 = 1
        _ = write(other, &byte, 1)
    }

    /// Makes it unreadable until the next signal.
    func reset() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(descriptor, &bytes, 16) == 16 {}
    }
}
