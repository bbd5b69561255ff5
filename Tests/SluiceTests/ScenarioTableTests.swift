import Foundation
import Testing

/// SCENARIOS.md is true: it has each scenario once, and names exactly the files that test it.
@Suite struct ScenarioTableTests {
    /// How many scenarios each letter has.
    private static let counts = [
        ("A", 9), ("B", 10), ("C", 6), ("D", 19), ("E", 11), ("F", 19), ("G", 21), ("H", 4), ("I", 11), ("J", 29),
        ("K", 20),
    ]

    private let folder = URL(filePath: #filePath).deletingLastPathComponent()

    private struct Row {
        let scenario: String
        let files: Set<String>
        let remark: String
    }

    @Test func eachScenarioIsInTheTableOnce() throws {
        let numbered = (Self.counts + [("W", 18)]).flatMap { letter, count in (1...count).map { "\(letter)\($0)" } }
        let scenarios = try rows().map(\.scenario)
        #expect(scenarios.count == numbered.count + 1)
        #expect(Set(scenarios) == Set(numbered + ["X"]))
    }

    @Test func theTableNamesExactlyTheFilesThatTestAScenario() throws {
        let found = try testedScenarios()
        #expect(found.count > 100, "Tests are found at all")
        for row in try rows() {
            #expect(row.files == found[row.scenario] ?? [], "\(row.scenario): the table, and then the tests")
            #expect(!row.files.isEmpty || !row.remark.isEmpty, "\(row.scenario) has neither a test nor a remark")
        }
        let known = Set(try rows().map(\.scenario))
        #expect(found.keys.allSatisfy { known.contains($0) })
    }

    @Test(arguments: [
        ("A1: one", ["A1"]), ("B1 to B4: a range", ["B1", "B2", "B3", "B4"]), ("X, W7: two", ["X", "W7"]),
        ("D2 to D3, D11, W9: all", ["D2", "D3", "D11", "W9"]), ("What A1 is: nothing", []), ("A: nothing", []),
    ]) func aTestsNameTellsItsScenarios(name: String, scenarios: [String]) {
        #expect(Self.scenarios(of: name) == scenarios)
    }

    private func rows() throws -> [Row] {
        let table = try String(contentsOf: folder.appending(path: "SCENARIOS.md"), encoding: .utf8)
        return table.matches(of: /(?m)^\| ([A-KWX]\d*) \|([^|]*)\|([^|]*)\|([^|]*)\|$/).map { match in
            let files = match.output.3.matches(of: /`([^`]+)`/).map { String($0.output.1) }
            return Row(
                scenario: String(match.output.1),
                files: Set(files),
                remark: match.output.4.trimmingCharacters(in: .whitespaces)
            )
        }
    }

    /// The files in which a test has the name of a scenario.
    private func testedScenarios() throws -> [String: Set<String>] {
        var found: [String: Set<String>] = [:]
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path())
        for path in paths where path.hasSuffix(".swift") {
            let source = try String(contentsOf: folder.appending(path: path), encoding: .utf8)
            for match in source.matches(of: /@Test\(\s*"([^"]*)"/) {
                for scenario in Self.scenarios(of: match.output.1) { found[scenario, default: []].insert(path) }
            }
        }
        return found
    }

    /// What a test's name says before the colon.
    private static func scenarios(of name: some StringProtocol) -> [String] {
        guard let list = String(name).prefixMatch(of: #/((?:[A-KW]\d+|X)(?:(?:, | to )(?:[A-KW]\d+|X))*): /#) else {
            return []
        }
        return list.output.1.split(separator: ", ").flatMap { part -> [String] in
            let ends = part.split(separator: " to ")
            guard ends.count == 2, let first = Int(ends[0].dropFirst()), let last = Int(ends[1].dropFirst()) else {
                return [String(part)]
            }
            return (first...last).map { "\(ends[0].prefix(1))\($0)" }
        }
    }
}
