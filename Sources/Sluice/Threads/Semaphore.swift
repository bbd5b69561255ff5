import Glibc

/// A counting semaphore of the operating system.
package final class Semaphore: @unchecked Sendable {
    // POSIX semaphores are made for use by several threads; the allocation lives as long as this object.
    private let handle = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    /// Makes a semaphore with the count 0.
    package init() {
        sem_init(handle, 0, 0)
    }

    deinit {
        sem_destroy(handle)
        handle.deallocate()
    }

    /// Adds one and wakes one waiter.
    package func signal() {
        sem_post(handle)
    }

    /// Blocks the thread until there is one to take.
    package func wait() {
        while sem_wait(handle) != 0 && errno == EINTR {}
    }
}
