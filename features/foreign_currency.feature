Feature: Foreign currency
  A line keeps the amount of its transaction and what it was booked at. What is owed is booked anew at the closing rate of
  each period; what is deferred leaves at the rate it came in at. Every currency is rounded to its own minor unit.

  Scenario: A receivable in euros is paid at a better rate
    AccountingInfo.com, "Foreign currency transactions (ASC 830)" (case 79): 200 units at EUR 10 are sold at 1.40 and paid
    at 1.45: receivable and sales 2,800, cash 2,900, gain 100. The text knows no rate between the two days; November
    closes at 1.40 and December at 1.45 here, so that nothing else moves.

    Given exports under rates of the day
    And the partners OVERSEAS
    And these day-rates
      | currency | date       | one is in dollars |
      | EUR      | 2026-11-01 | 1.40              |
      | EUR      | 2026-12-15 | 1.45              |
    And these closing-rates
      | currency | date       | one is in dollars |
      | EUR      | 2026-11-30 | 1.40              |
      | EUR      | 2026-12-31 | 1.45              |
    And these invoices
      | invoice | date       | partner  | quantity | unit price | currency |
      | 1       | 2026-11-01 | OVERSEAS | 200      | 10         | EUR      |
    When what is known on 2026-12-01 is loaded
    And FY2026-P11 is closed for good
    Then the journal posts
      | title             | currency | debit | credit | debit booked | credit booked |
      | Trade receivables | EUR      | 2,000 | 0      | 2,800        | 0             |
      | Product revenue   | EUR      | 0     | 2,000  | 0            | 2,800         |
    And every tie-out holds
    When these payments become known
      | number | date       | partner  | amount | currency |
      | 1      | 2026-12-15 | OVERSEAS | 2000   | EUR      |
    And what is known on 2027-01-02 is loaded
    And FY2026-P12 is closed on trial
    Then the journal posts
      | title             | currency | debit | credit | debit booked | credit booked |
      | Cash              | EUR      | 2,000 | 0      | 2,900        | 0             |
      | Trade receivables | EUR      | 0     | 2,000  | 100          | 2,900         |
      | Exchange gain     | EUR      | 0     | 0      | 0            | 100           |
    And the balances are
      | role             | movement  | amount |
      | trade-receivable | opening   | 2,800  |
      | trade-receivable | settle    | -2,900 |
      | trade-receivable | remeasure | 100    |
      | trade-receivable | closing   | 0      |
      | cash             | settle    | 2,900  |
      | cash             | closing   | 2,900  |
      | product-revenue  | opening   | 2,800  |
      | product-revenue  | closing   | 2,800  |
      | fx-difference    | remeasure | 100    |
      | fx-difference    | closing   | 100    |
    And every tie-out holds

  Scenario: What is deferred keeps its rate, what is owed does not
    Worked by hand. 100 units at EUR 10 are shipped at 1.20: 1,200 are owed and deferred. January closes at 1.30: the EUR
    1,000 owed are worth 1,300, a gain of 100; deferred revenue is not monetary and stays. 40 units sold in January leave
    at 1.20: 40 x 10 x 1.20 = 480. February's 60 leave at 1.20 too, 720, though its rate is 1.25; at its close the
    EUR 1,000 are worth 1,250, a loss of 50.

    Given exports under rates of the day
    And the partners OVERSEAS
    And the parts X
    And these day-rates
      | currency | date       | one is in dollars |
      | EUR      | 2026-01-10 | 1.20              |
      | EUR      | 2026-02-01 | 1.25              |
    And these closing-rates
      | currency | date       | one is in dollars |
      | EUR      | 2026-01-31 | 1.30              |
      | EUR      | 2026-02-28 | 1.25              |
    And these shipments
      | document | date       | partner  | part | quantity | unit price | currency |
      | A        | 2026-01-10 | OVERSEAS | X    | 100      | 10         | EUR      |
    And these sales
      | number | date       | partner  | part | quantity |
      | 1      | 2026-01-20 | OVERSEAS | X    | 40       |
      | 2      | 2026-02-20 | OVERSEAS | X    | 60       |
    When what is known on 2026-03-02 is loaded
    And FY2026-P01 is closed for good
    Then the journal posts
      | title             | currency | debit | credit | debit booked | credit booked |
      | Trade receivables | EUR      | 1,000 | 0      | 1,300        | 0             |
      | Deferred revenue  | EUR      | 400   | 1,000  | 480          | 1,200         |
      | Product revenue   | EUR      | 0     | 400    | 0            | 480           |
      | Exchange gain     | EUR      | 0     | 0      | 0            | 100           |
    When FY2026-P02 is closed on trial
    And somebody asks what is behind "debit Deferred revenue"
    Then the line is EUR 600, booked at USD 720
    And these rates led there
      | rates | day        | currency | rate | quoted to |
      | spot  | 2026-01-10 | EUR      | 1.2  | USD       |
    When somebody asks what is behind "credit Trade receivables"
    Then these rates led there
      | rates   | day        | currency | rate | quoted to |
      | closing | 2026-02-28 | EUR      | 1.25 | USD       |
    And the journal posts
      | title             | currency | debit | credit | debit booked | credit booked |
      | Trade receivables | EUR      | 0     | 0      | 0            | 50            |
      | Deferred revenue  | EUR      | 600   | 0      | 720          | 0             |
      | Product revenue   | EUR      | 0     | 600    | 0            | 720           |
      | Exchange gain     | EUR      | 0     | 0      | 50           | 0             |
    And among the balances are
      | role             | movement | amount |
      | deferred-revenue | closing  | 0      |
      | trade-receivable | closing  | 1,250  |
    And every tie-out holds

  Scenario: Yen have no minor unit, Kuwaiti dinars have thousandths
    Worked by hand. 3 units at JPY 1,234.5 are 3,703.5, rounded to JPY 3,704; at 0.0064 that is 23.7056, booked at 23.71.
    3 units at KWD 0.4115 are 1.2345, rounded to KWD 1.235; at 3.25 that is 4.01375, booked at 4.01. Both close as booked.

    Given exports under rates of the day
    And the partners TOKYO, KUWAIT
    And these day-rates
      | currency | date       | one is in dollars |
      | JPY      | 2026-01-05 | 0.0064            |
      | KWD      | 2026-01-05 | 3.25              |
    And these closing-rates
      | currency | date       | one is in dollars |
      | JPY      | 2026-01-31 | 0.0064            |
      | KWD      | 2026-01-31 | 3.25              |
    And these invoices
      | invoice | date       | partner | quantity | unit price | currency |
      | 1       | 2026-01-12 | TOKYO   | 3        | 1234.5     | JPY      |
      | 2       | 2026-01-12 | KUWAIT  | 3        | 0.4115     | KWD      |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the journal posts
      | title             | currency | debit | credit | debit booked | credit booked |
      | Trade receivables | JPY      | 3,704 | 0      | 23.71        | 0             |
      | Product revenue   | JPY      | 0     | 3,704  | 0            | 23.71         |
      | Trade receivables | KWD      | 1.235 | 0      | 4.01         | 0             |
      | Product revenue   | KWD      | 0     | 1.235  | 0            | 4.01          |
    And every tie-out holds

  Scenario: A rate that is missing stops the close and names the pair and the day

    Given exports under rates of the day
    And the partners ZURICH
    And these day-rates
      | currency | date       | one is in dollars |
      | CHF      | 2025-10-01 | 1.10              |
    And these invoices
      | invoice | date       | partner | quantity | unit price | currency |
      | 1       | 2026-01-12 | ZURICH  | 1        | 100        | CHF      |
    When what is known on 2026-02-02 is loaded
    And somebody tries to close FY2026-P01
    Then the close is refused: "rates `spot` have none that is not stale (after 60 days) for CHF to USD on 2026-01-12 in 1"
    And nothing is published
