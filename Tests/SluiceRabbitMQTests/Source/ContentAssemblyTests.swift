import Testing

@testable import SluiceRabbitMQ

@Suite struct ContentAssemblyTests {
    private typealias Assembly = ContentAssembly<String>

    @Test func framesBecomeAMessage() throws {
        var assembly = Assembly()
        try assembly.begin("a")
        #expect(try assembly.header(size: 5, ["type": "t"]) == nil)
        #expect(try assembly.body([1, 2]) == nil)
        let content = try #require(try assembly.body([3, 4, 5]))
        #expect(content.head == "a" && content.properties == ["type": "t"] && content.body == [1, 2, 3, 4, 5])
        try assembly.begin("b")
        #expect(try assembly.header(size: 0, [:])?.head == "b")
        try assembly.begin("c")
    }

    @Test func whatDoesNotFollowIsRefused() throws {
        var assembly = Assembly()
        #expect(throws: Assembly.Disorder.self) { _ = try assembly.header(size: 1, [:]) }
        #expect(throws: Assembly.Disorder.self) { _ = try assembly.body([1]) }
        try assembly.begin("a")
        #expect(throws: Assembly.Disorder.self) { try assembly.begin("b") }
        #expect(throws: Assembly.Disorder.self) { _ = try assembly.body([1]) }
        _ = try assembly.header(size: 2, [:])
        #expect(throws: Assembly.Disorder.self) { _ = try assembly.header(size: 2, [:]) }
        #expect(throws: Assembly.Disorder.self) { _ = try assembly.body([1, 2, 3]) }
    }
}
