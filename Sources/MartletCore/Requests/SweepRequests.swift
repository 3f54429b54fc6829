/// A new sweep.
public struct CreateSweep: Sendable {
    public var experimentID: Experiment.ID
    /// Empty for the one in the configuration.
    public var displayName: String
    /// Empty for the one in the configuration.
    public var description: String
    /// YAML or JSON.
    public var configuration: String
    public var controller: String?
    /// Runs of the experiment that count as tried, by the client's names for them.
    public var priorRuns: [String]

    public init(
        experimentID: Experiment.ID,
        displayName: String = "",
        description: String = "",
        configuration: String,
        controller: String? = nil,
        priorRuns: [String] = []
    ) {
        self.experimentID = experimentID
        self.displayName = displayName
        self.description = description
        self.configuration = configuration
        self.controller = controller
        self.priorRuns = priorRuns
    }
}

/// What is to become different; `nil` leaves a field alone.
public struct SweepChanges: Sendable, Equatable {
    public var state: Sweep.State?
    public var displayName: String?
    public var description: String?
    public var configuration: String?
    public var isExhausted: Bool?
    public var controller: String?
    public var scheduler: String?

    public init(
        state: Sweep.State? = nil,
        displayName: String? = nil,
        description: String? = nil,
        configuration: String? = nil,
        isExhausted: Bool? = nil,
        controller: String? = nil,
        scheduler: String? = nil
    ) {
        self.state = state
        self.displayName = displayName
        self.description = description
        self.configuration = configuration
        self.isExhausted = isExhausted
        self.controller = controller
        self.scheduler = scheduler
    }
}

/// Which sweeps a listing shows, newest first.
public struct SearchSweeps: Sendable {
    /// Empty matches nothing.
    public var experiments: [Experiment.ID]
    /// At least 1.
    public var limit: Int
    public var offset: Int

    public init(experiments: [Experiment.ID], limit: Int, offset: Int) {
        self.experiments = experiments
        self.limit = limit
        self.offset = offset
    }
}

/// A run that was chosen for an agent.
public struct SweepAssignment: Sendable {
    public var sweep: Sweep
    /// `nil` for a run that is there already and joins.
    public var agent: SweepAgent.ID?
    public var run: Run.ID
    /// What the client calls it.
    public var name: String
    /// A JSON object.
    public var parameters: String
    /// Whether this is the last one.
    public var exhausts: Bool
    /// What the controller's schedule becomes with it; `nil` leaves it alone.
    public var scheduler: String?

    public init(
        sweep: Sweep,
        agent: SweepAgent.ID?,
        run: Run.ID,
        name: String,
        parameters: String,
        exhausts: Bool,
        scheduler: String? = nil
    ) {
        self.sweep = sweep
        self.agent = agent
        self.run = run
        self.name = name
        self.parameters = parameters
        self.exhausts = exhausts
        self.scheduler = scheduler
    }
}

/// What an agent is to do.
public enum SweepCommand: Sendable, Equatable {
    /// - Parameters:
    ///   - name: what the client is to call the run.
    ///   - program: what is run; `nil` where the agent knows.
    ///   - parameters: a JSON object.
    case run(name: String, program: String?, parameters: String)
    case stop(name: String)
    case exit
}
