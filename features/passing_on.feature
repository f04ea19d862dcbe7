Feature: Partners that pass goods on
  Units that one partner hands to another stay units of the shipment they came with: their price goes with them, and their
  place in the queue. Quantities may be given in reels; what a reel holds is known by its day.

  Scenario: Reels go from one partner to another and some come back
    A reel is 500 pieces, from February 400. ACME gets 3 reels, 1,500 at 0.10, and BETA 1,000 pieces at 0.20. ACME hands 2
    reels, 1,000 pieces, to BETA, which sells 1,200: first the 1,000 that are older, 100.00, then 200 of its own, 40.00. In
    February the price falls to 0.05: for 500 held by ACME 0.05 each are granted, 25.00, for 800 held by BETA 0.15, 120.00.
    BETA hands back 1 reel, 400 pieces; ACME sells 700: 500 of its own, 25.00, and 200 of those, 10.00.

    Given transfers under passing on
    And the partners ACME, BETA
    And these parts
      | part | from       | pieces |
      | X    | 2026-01-01 | 500    |
      | X    | 2026-02-01 | 400    |
    And these shipments
      | invoice | date       | partner | part | quantity | unit  | unit price |
      | S1      | 2026-01-05 | ACME    | X    | 3        | reels | 0.10       |
      | S2      | 2026-01-08 | BETA    | X    | 1000     | units | 0.20       |
    And these transfers
      | number | date       | partner | to   | part | quantity |
      | T1     | 2026-01-20 | ACME    | BETA | X    | 2        |
    And these sales
      | number | date       | partner | part | quantity |
      | V1     | 2026-01-25 | BETA    | X    | 1200     |
    And these stock reports
      | partner | part | date       | quantity |
      | ACME    | X    | 2026-01-31 | 500      |
      | BETA    | X    | 2026-01-30 | 800      |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed for good
    Then the passed on are
      | partner | receiver | document | quantity |
      | ACME    | BETA     | S1       | 1000     |
    And the sold are
      | partner | document | quantity | gross  |
      | BETA    | S1       | 1000     | 100.00 |
      | BETA    | S2       | 200      | 40.00  |
    And the stock is
      | partner | expected | reported | variance |
      | ACME    | 500      | 500      | 0        |
      | BETA    | 800      | 800      | 0        |
    And the layers are
      | partner | document | opened     | remaining | unit price |
      | ACME    | S1       | 2026-01-05 | 500       | 0.10       |
      | BETA    | S2       | 2026-01-08 | 800       | 0.20       |
    And every tie-out holds
    When these transfers become known
      | number | date       | partner | to   | part | quantity |
      | T2     | 2026-02-10 | BETA    | ACME | X    | 1        |
    And these sales become known
      | number | date       | partner | part | quantity |
      | V2     | 2026-02-15 | ACME    | X    | 700      |
    And these price changes become known
      | part | date       | new price |
      | X    | 2026-02-05 | 0.05      |
    And what is known on 2026-03-02 is loaded
    And FY2026-P02 is closed on trial
    Then the journal posts
      | account | debit  | credit |
      | 1210    | 0      | 145.00 |
      | 2310    | 180.00 | 0      |
      | 4010    | 0      | 35.00  |
    And the layers are
      | partner | document | opened     | remaining | unit price |
      | ACME    | S2       | 2026-01-08 | 200       | 0.05       |
      | BETA    | S2       | 2026-01-08 | 400       | 0.05       |
    And every tie-out holds
    When somebody asks what is behind "credit Revenue"
    Then the layers behind it are
      | of               | row of shipments | quantity | amount |
      | shipment OWN, S1 | 2                | 500      | 25.00  |
      | shipment OWN, S2 | 3                | 200      | 10.00  |
