import SluicePipelines
import SluiceTesting
import Synchronization
import Testing

@testable import SluiceLeases

@Suite(.timeLimit(.minutes(5))) struct LeaseExtensionTests {
    private struct Failure: Error, CustomStringConvertible { let description: String }

    /// What the service was asked for, and what a test waits for.
    private final class Service: Sendable {
        private let calls = Mutex<[[LeaseChange]]>([])
        private let reports = Mutex<[String]>([])
        private let answer: @Sendable (Int) throws -> (any Error)?

        init(_ answer: @escaping @Sendable (Int) throws -> (any Error)? = { _ in nil }) {
            self.answer = answer
        }

        func extend(_ changes: [LeaseChange]) throws -> [(any Error)?] {
            let number = calls.withLock { calls in
                calls.append(changes)
                return calls.count
            }
            let result = try answer(number)
            return changes.map { _ in result }
        }

        func report(_ error: any Error, _ count: Int) {
            reports.withLock { $0.append("\(error), messages: \(count)") }
        }

        var receipts: [[Receipt]] { calls.withLock { $0.map { $0.map(\.receipt) } } }
        var told: [String] { reports.withLock { $0 } }

        func wait(for count: Int) async {
            while calls.withLock(\.count) < count { await Task.yield() }
        }
    }

    private static func make(_ service: Service, _ clock: TestClock) -> LeaseExtension {
        LeaseExtension(
            HandlingLeases(timeout: .seconds(40), limit: .seconds(1000)),
            batch: 10,
            clock: clock,
            extend: { try service.extend($0) },
            report: { service.report($0, $1) }
        )
    }

    private static func moveToNextSleeper(_ clock: TestClock) async {
        while !clock.advanceToNextSleeper() { await Task.yield() }
    }

    @Test func extendsInTensAsLongAsMessagesAreKept() async {
        let (service, clock) = (Service(), TestClock())
        let visibility = Self.make(service, clock)
        let receipts = (0..<12).map { Receipt.number($0) }
        visibility.keep(receipts)
        await Self.moveToNextSleeper(clock)
        await service.wait(for: 2)
        #expect(clock.now.offset == .seconds(20))
        #expect(service.receipts.map(\.count).sorted() == [2, 10] && Set(service.receipts.joined()) == Set(receipts))
        visibility.release(Array(receipts.dropFirst()))
        await Self.moveToNextSleeper(clock)
        await service.wait(for: 3)
        #expect(clock.now.offset == .seconds(40) && service.receipts[2] == [.number(0)])
        // With nothing to keep it may end; with something new it goes on, or begins again.
        visibility.release([.number(0)])
        visibility.keep(["new"])
        while service.receipts.count < 4 {
            _ = clock.advanceToNextSleeper()
            await Task.yield()
        }
        #expect(clock.now.offset >= .seconds(60))
        #expect(service.receipts[3] == ["new"] && service.told.isEmpty)
    }

    @Test func tellsOfFailuresAndTriesAgain() async {
        let clock = TestClock()
        let service = Service { number in
            switch number {
            case 1: throw Failure(description: "no connection")
            case 2: Failure(description: "InternalError")
            default: nil
            }
        }
        let visibility = Self.make(service, clock)
        visibility.keep(["a", "b"])
        for number in 1...3 {
            await Self.moveToNextSleeper(clock)
            await service.wait(for: number)
        }
        #expect(clock.now.offset == .seconds(30))
        #expect(service.told.count == 2)
        #expect(service.told.first?.contains("no connection") == true && service.told[0].contains("messages: 2"))
        #expect(service.told.last?.contains("InternalError") == true)
        visibility.release(["a", "b"])
    }

    private final class Token: Sendable {}

    @Test func endsWithTheLastReference() async {
        let clock = TestClock()
        weak var watched: Token?
        var visibility: LeaseExtension?
        do {
            let token = Token()
            watched = token
            visibility = LeaseExtension(
                HandlingLeases(timeout: .seconds(40), limit: .seconds(1000)),
                batch: 10,
                clock: clock,
                extend: { changes in withExtendedLifetime(token) { changes.map { _ in nil } } },
                report: { _, _ in }
            )
        }
        visibility?.keep(["a"])
        await Self.moveToNextSleeper(clock)
        #expect(watched != nil)
        visibility = nil
        // The task held it.
        while watched != nil { await Task.yield() }
        #expect(!clock.advanceToNextSleeper())
    }
}
