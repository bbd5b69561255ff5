internal import Glibc

/// A descriptor that a thread polls, alone or together with a socket, and that any thread can make readable.
package final class WakeUp: Sendable {
    /// The end to poll.
    package let descriptor: Int32
    /// The end to write to, for a library that signals by writing: a byte is a signal.
    package let signaling: Int32

    /// Makes a pair of descriptors, which are closed with this object.
    package init() {
        var ends: [Int32] = [-1, -1]
        let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let result = socketpair(AF_UNIX, type, 0, &ends)
        precondition(result == 0, "The system refused a descriptor: \(String(cString: strerror(errno)))")
        (descriptor, signaling) = (ends[0], ends[1])
    }

    deinit {
        close(descriptor)
        close(signaling)
    }

    /// Makes it readable; a full buffer is as good, for then it is readable already.
    package func signal() {
        var byte: UInt8 = 1
        _ = write(signaling, &byte, 1)
    }

    /// Makes it unreadable until the next signal.
    package func reset() {
        var bytes: (UInt64, UInt64) = (0, 0)
        while read(descriptor, &bytes, 16) == 16 {}
    }

    /// Whether there was a signal since it was made unreadable.
    package var isSignaled: Bool {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&entry, 1, 0) > 0
    }

    /// Blocks the thread until there is a signal, or until a time has passed.
    ///
    /// - Parameter milliseconds: How long at most, at least 0; without end if `nil`.
    package func wait(milliseconds: Int64?) {
        var entry = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&entry, 1, milliseconds.map { Int32(clamping: $0) } ?? -1)
    }
}
