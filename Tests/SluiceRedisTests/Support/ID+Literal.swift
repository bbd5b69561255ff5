import SluiceRedis

extension RedisStreamEntry.ID: ExpressibleByStringLiteral {
    init(stringLiteral text: StaticString) {
        guard let id = Self("\(text)") else { preconditionFailure("\(text) is no identifier") }
        self = id
    }
}
