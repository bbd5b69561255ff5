import Synchronization

private let lock = Mutex(())

/// Starts a process, or stops a broker of a cluster in this process, while nobody does the other.
///
/// Until it runs its own program a child has this process's descriptors. If a broker's listener is among them, librdkafka,
/// which makes it anew on the same port when the broker is stopped, finds the port taken and ends the process.
package func withDescriptorsAlone(_ body: () throws -> Void) rethrows {
    try lock.withLock { _ in try body() }
}
