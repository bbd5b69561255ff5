import Sluice
import Synchronization

/// Emits the numbers from 0 up to an end, always as many as are asked for.
struct Numbers: Producer {
    var next = 0
    let end: Int

    mutating func handleDemand(_ demand: Int) async throws -> [Int]? {
        guard next < end else { return nil }
        let upper = min(end, next + demand)
        defer { next = upper }
        return numbers(next..<upper)
    }
}

/// Doubles numbers.
struct Doubler: ProducerConsumer {
    mutating func handleEvents(_ events: [Int]) async throws -> [Int] {
        doubled(events)
    }
}

// What is to be compared is the way of the numbers, not what is done to them: so these are plain loops over an array.
// `map` takes three times as long for the doubling.

/// The numbers of a range.
func numbers(_ range: Range<Int>) -> [Int] {
    var numbers = [Int](repeating: range.lowerBound, count: range.count)
    for index in numbers.indices { numbers[index] &+= index }
    return numbers
}

/// Doubles each number.
func doubled(_ numbers: [Int]) -> [Int] {
    var numbers = numbers
    for index in numbers.indices { numbers[index] &*= 2 }
    return numbers
}

/// Adds numbers up.
struct Sum: Consumer {
    let arrival: Mailbox
    private var counted = Arrival()

    init(_ arrival: Mailbox) {
        self.arrival = arrival
    }

    mutating func handleEvents(_ events: [Int]) async throws {
        counted.sum &+= events.reduce(0, &+)
        counted.events += events.count
        counted.batches += 1
        arrival.put(counted)
    }
}

/// Where a consumer leaves what it counted.
final class Mailbox: Sendable {
    private let value = Mutex(Arrival())

    var last: Arrival { value.withLock { $0 } }

    func put(_ arrival: Arrival) { value.withLock { $0 = arrival } }
}
