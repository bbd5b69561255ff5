import SluiceTesting
import Testing

@testable import SluiceRedis

@Suite struct EntryBookTests {
    typealias ID = RedisStreamEntry.ID

    fileprivate static func book(retries: Int = 0, claims: Bool = true) -> Book {
        Book(
            .init(
                block: .seconds(5),
                claimInterval: claims ? .seconds(15) : nil,
                retries: retries,
                retryDelay: .seconds(1)
            )
        )
    }

    /// A book that has looked for what it had and for what was abandoned, at time 0, and found nothing.
    fileprivate static func settled(retries: Int = 0) -> Book {
        let book = book(retries: retries)
        _ = book.next(10, at: .zero)
        _ = book.foundOwn([], last: nil)
        _ = book.next(10, at: .zero)
        _ = book.foundAbandoned([], next: EntryBook.first, at: .zero)
        return book
    }

    @Test func beginsWithItsOwnThenWithTheAbandonedThenWithNewOnes() {
        let book = Self.book()
        #expect(book.next(10, at: .zero) == .own(after: "0-0"))
        #expect(book.foundOwn(["1-0", "2-0"], last: "3-0").isEmpty)
        #expect(book.next(10, at: .zero) == .own(after: "3-0"))
        _ = book.foundOwn([], last: nil)
        #expect(book.next(10, at: .zero) == .abandoned(from: "0-0"))
        #expect(book.foundAbandoned(["2-0", "4-0"], next: "5-0", at: .zero) == ["2-0"])
        #expect(book.next(10, at: .zero) == .abandoned(from: "5-0"))
        _ = book.foundAbandoned([], next: "0-0", at: .seconds(1))
        #expect(book.next(10, at: .seconds(1)) == .new(wait: .seconds(5)))
        #expect(book.foundNew(["6-0"]).isEmpty && book.count == 4)
        #expect(book.next(10, at: .seconds(14)) == .new(wait: .seconds(2)))
        #expect(book.next(10, at: .seconds(16)) == .abandoned(from: "0-0"))
    }

    @Test func withoutClaimsNothingIsSearched() {
        let book = Self.book(claims: false)
        _ = book.next(10, at: .zero)
        _ = book.foundOwn([], last: nil)
        #expect(book.next(10, at: .seconds(100)) == .new(wait: .seconds(5)))
    }

    @Test func afterALossItsOwnComeAgainButForThoseInThePipeline() {
        let book = Self.settled()
        _ = book.foundNew(["1-0", "2-0"])
        book.release(["1-0"])
        book.lostConnection()
        #expect(book.next(10, at: .zero) == .own(after: "0-0"))
        #expect(book.foundOwn(["2-0", "3-0"], last: "3-0") == ["2-0"])
    }

    @Test func whatIsAcknowledgedWhileItIsAskedForDoesNotComeAgain() {
        let book = Self.settled()
        _ = book.foundNew(["1-0", "2-0"])
        book.lostConnection()
        _ = book.next(10, at: .zero)
        // The server has answered before it was told.
        book.release(["1-0"])
        #expect(book.foundOwn(["1-0", "2-0"], last: "2-0") == ["1-0", "2-0"])
        // By now it knows.
        book.lostConnection()
        _ = book.next(10, at: .zero)
        #expect(book.foundOwn(["1-0"], last: "1-0").isEmpty)
    }

    @Test func whatFailsComesAgainAfterItsDelayUntilItIsEnough() {
        let book = Self.settled(retries: 2)
        _ = book.foundNew(["1-0", "2-0"])
        #expect(book.next(10, at: .zero) == .new(wait: .seconds(1)))
        let isTriedAgain = book.failed("1-0", at: .milliseconds(500))
        #expect(isTriedAgain)
        #expect(book.next(10, at: .seconds(1)) == .new(wait: .milliseconds(500)))
        #expect(book.next(10, at: .milliseconds(1500)) == .retries(["1-0"]))
        // The fetch failed.
        #expect(book.next(10, at: .milliseconds(1500)) == .retries(["1-0"]))
        book.foundRetries(["1-0"], of: ["1-0"])
        #expect(book.next(10, at: .milliseconds(1500)) == .new(wait: .seconds(1)))
        #expect(book.failed("1-0", at: .seconds(2)))
        #expect(book.next(10, at: .seconds(3)) == .retries(["1-0"]))
        book.foundRetries(["1-0"], of: ["1-0"])
        #expect(!book.failed("1-0", at: .seconds(4)) && book.count == 2)
        // One that nobody knows is not tried again.
        #expect(!book.failed("9-0", at: .seconds(4)))
    }

    @Test func atMostWhatIsWantedIsTriedAgain() {
        let book = Self.settled(retries: 1)
        _ = book.foundNew(["1-0", "2-0", "3-0"])
        for id: ID in ["1-0", "2-0", "3-0"] { _ = book.failed(id, at: .zero) }
        #expect(book.next(2, at: .seconds(1)) == .retries(["1-0", "2-0"]))
        book.foundRetries(["2-0"], of: ["1-0", "2-0"])
        // The first does not exist any more.
        #expect(book.count == 2)
        #expect(book.next(2, at: .seconds(1)) == .retries(["3-0"]))
    }

    /// A server with one group, this consumer and another one, beside the book; connections break, and entries are
    /// deleted.
    @Test(arguments: 0..<60) func nothingIsLostAndNothingIsTwiceInThePipeline(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let retries = Int.random(in: 0...2, using: &random)
        let book = Self.book(retries: retries)
        var model = ModelGroup()
        var inside: Set<ID> = []
        var handled: Set<ID> = []
        var (now, number) = (Duration.zero, UInt64(1000))
        for step in 0..<400 {
            now += .milliseconds(Int.random(in: 0...3000, using: &random))
            switch Int.random(in: 0..<8, using: &random) {
            case 0:
                for _ in 0..<Int.random(in: 1...5, using: &random) where step < 300 {
                    number += 1
                    model.fresh.append(ID(milliseconds: number, number: 0))
                }
            case 1 where step < 300:
                model.giveToAnother(Int.random(in: 0...3, using: &random))
            case 2, 3:
                guard let id = inside.sorted().randomElement(using: &random) else { continue }
                inside.remove(id)
                if Bool.random(using: &random), book.failed(id, at: now) { continue }
                handled.insert(id)
                model.pending.removeValue(forKey: id)
                book.release([id])
            default:
                let demand = Int.random(in: 1...6, using: &random)
                let isLost = step < 350 && Int.random(in: 0..<6, using: &random) == 0
                let fetch = book.next(demand, at: now)
                let (found, last, next) = model.answer(fetch, demand)
                if isLost {
                    book.lostConnection()
                    continue
                }
                if found.count > demand { Issue.record("\(fetch) is more than \(demand)") }
                var leftOut: Set<ID> = []
                switch fetch {
                case .new: leftOut = book.foundNew(found)
                case .own: leftOut = book.foundOwn(found, last: last)
                case .abandoned: leftOut = book.foundAbandoned(found, next: next, at: now)
                case .retries(let ids): book.foundRetries(found, of: ids)
                }
                for id in found where !leftOut.contains(id) {
                    // An expectation for each would take most of the time.
                    if handled.contains(id) || !inside.insert(id).inserted { Issue.record("\(id) comes twice") }
                }
            }
        }
        // Without further failures everything is handled.
        for _ in 0..<400 {
            now += .seconds(1)
            let fetch = book.next(100, at: now)
            let (found, last, next) = model.answer(fetch, 100)
            var leftOut: Set<ID> = []
            switch fetch {
            case .new: leftOut = book.foundNew(found)
            case .own: leftOut = book.foundOwn(found, last: last)
            case .abandoned: leftOut = book.foundAbandoned(found, next: next, at: now)
            case .retries(let ids): book.foundRetries(found, of: ids)
            }
            inside.formUnion(found.filter { !leftOut.contains($0) })
            for id in inside {
                handled.insert(id)
                model.pending.removeValue(forKey: id)
            }
            book.release(inside)
            inside = []
        }
        #expect(model.pending.isEmpty && model.fresh.isEmpty && book.count == 0)
        #expect(handled.count == Int(number) - 1000)
    }
}

/// The machine as an object, so that an expectation may change it.
private final class Book {
    private var book: EntryBook

    init(_ rules: EntryBook.Rules) { book = EntryBook(rules) }

    var count: Int { book.count }
    func next(_ demand: Int, at now: Duration) -> EntryBook.Fetch { book.next(demand, at: now) }
    func foundOwn(_ ids: [EntryBookTests.ID], last: EntryBookTests.ID?) -> Set<EntryBookTests.ID> {
        book.foundOwn(ids, last: last)
    }
    func foundAbandoned(_ ids: [EntryBookTests.ID], next: EntryBookTests.ID, at now: Duration) -> Set<EntryBookTests.ID>
    {
        book.foundAbandoned(ids, next: next, at: now)
    }
    func foundNew(_ ids: [EntryBookTests.ID]) -> Set<EntryBookTests.ID> { book.foundNew(ids) }
    func foundRetries(_ ids: [EntryBookTests.ID], of asked: [EntryBookTests.ID]) { book.foundRetries(ids, of: asked) }
    func lostConnection() { book.lostConnection() }
    func failed(_ id: EntryBookTests.ID, at now: Duration) -> Bool { book.failed(id, at: now) }
    func release(_ ids: some Sequence<EntryBookTests.ID>) { book.release(ids) }
}

/// What Redis knows of a group.
private struct ModelGroup {
    /// Entries that nobody was given.
    var fresh: [EntryBookTests.ID] = []
    /// Who has the others.
    var pending: [EntryBookTests.ID: Bool] = [:]

    mutating func giveToAnother(_ count: Int) {
        for id in fresh.prefix(count) { pending[id] = false }
        fresh.removeFirst(min(count, fresh.count))
    }

    mutating func answer(_ fetch: EntryBook.Fetch, _ count: Int) -> (
        ids: [EntryBookTests.ID], last: EntryBookTests.ID?, next: EntryBookTests.ID
    ) {
        switch fetch {
        case .new:
            let ids = Array(fresh.prefix(count))
            fresh.removeFirst(ids.count)
            for id in ids { pending[id] = true }
            return (ids, nil, EntryBook.first)
        case .own(let after):
            let ids = pending.filter { $0.value && $0.key > after }.keys.sorted().prefix(count)
            return (Array(ids), ids.last, EntryBook.first)
        case .abandoned(let from):
            let others = pending.filter { !$0.value && $0.key >= from }.keys.sorted()
            for id in others.prefix(count) { pending[id] = true }
            let next = others.dropFirst(count).first ?? EntryBook.first
            return (Array(others.prefix(count)), nil, next)
        case .retries(let ids):
            return (ids.filter { pending[$0] != nil }, nil, EntryBook.first)
        }
    }
}
