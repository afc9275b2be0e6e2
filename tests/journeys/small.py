"""A small path: three stages with work that can be undone, metrics, and triggers."""

SMALL = """
name: small
rollback: { after: resume, max_rollbacks: 3, timeout: 2d }
stages:
  - name: sandbox
    target: 5d
    limit: 10d
    entry:
      criteria:
        - fact: contract_signed
    exit:
      criteria:
        - work: required
        - metric: quality
          is: ">= 0.8"
    work:
      - name: install
        tasks:
          - name: prepare
            agent: builder
            input: { client: "${client.id}" }
            undo: { agent: remover, input: { what: prepare } }
          - name: connect
            depends_on: [prepare]
            agent: builder
            input: { before: "${tasks.prepare.output.by}" }
            undo: { agent: remover, input: { what: connect } }
      - name: fill
        depends_on: [install]
        tasks:
          - name: load
            agent: builder
            input: { from: "${units.install.connect.output.by}" }
            undo: { agent: remover, input: { what: load } }
          - name: tell
            agent: teller
            irreversible: true
    triggers:
      - kind: security_vulnerability
        when: { metric: findings, is: "> 0", max_age: 1d }
      - kind: client_request
        when: { fact: pause_requested }
        action: hold
  - name: pilot
    target: 5d
    limit: 10d
    entry:
      criteria:
        - fact: cohort
          is: ">= 10"
    exit:
      criteria:
        - work: required
        - metric: satisfaction
          is: ">= 4"
    work:
      - name: deploy
        tasks:
          - name: deploy
            agent: builder
            undo: { agent: remover, input: { what: deploy } }
          - name: invite
            depends_on: [deploy]
            agent: builder
            undo: { agent: remover, input: { what: invite } }
    triggers:
      - kind: user_satisfaction_low
        when: { metric: satisfaction, is: "< 3.5", max_age: 1d }
      - kind: security_vulnerability
        when: { metric: findings, is: "> 0", max_age: 1d }
        target: sandbox
  - name: production
    target: 5d
    limit: 10d
    exit:
      criteria:
        - work: required
        - metric: adoption
          is: ">= 0.7"
    work:
      - name: release
        tasks:
          - name: release
            agent: builder
            undo: { agent: remover, input: { what: release } }
    triggers:
      - kind: major_incident
        when: { metric: incidents, is: "> 0", max_age: 1d }
      - kind: security_vulnerability
        when: { metric: findings, is: "> 0", max_age: 1d }
        target: sandbox
"""
