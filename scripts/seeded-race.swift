// Two threads add to one variable without a lock. `make tsan` builds this first: a Thread Sanitizer that does not report it
// would not report a race of the engine either.
import Glibc

nonisolated(unsafe) var sum = 0

func add(_: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    for _ in 0..<100_000 { sum += 1 }
    return nil
}

var threads = [pthread_t](repeating: 0, count: 2)
for index in threads.indices { pthread_create(&threads[index], nil, add, nil) }
for thread in threads { pthread_join(thread, nil) }
print("nobody noticed: \(sum)")
