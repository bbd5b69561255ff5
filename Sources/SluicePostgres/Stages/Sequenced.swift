/// An event with a place in a dense numbering: the next event has the next number.
package protocol Sequenced: Sendable {
    var sequence: UInt64 { get }
}

extension RawChange: Sequenced {}
extension Change: Sequenced {}
