Feature: Concessions
  A partner is given part of the price back: when it resells at a special price we authorised, and when our list price
  falls on units it still holds. What it claims is paid up to what its resales earned; what a firm sale may still lose is
  expected at the sale.

  Scenario: A claim is paid up to what resales earned, and the excess is listed
    EBN, "Avoid the pitfalls of sell-through channel management" (case 49): 2,500 units resold with a credit of 10 a unit,
    25,000 in all, from three invoices of 9,000 units. The claims are made up: the first is of 3,000 units, 500 more than
    were resold, while 6,500 are on the shelf; 25,000 of its 30,000 are paid. In February 700 more are resold and earn 7,000.
    The first claim gets its 5,000 first; the second, of 3,000, gets the 2,000 that are left. The 700 leave the second
    invoice at 115, which is 80,500; less the credit, 73,500 are revenue.

    Given concessions under a contract
    And these partners
      | partner | model  | return right | price protected | claims debits |
      | RHINO   | resale | full         | no              | yes           |
    And this price book
      | part | from       | list price |
      | ACME | 2026-01-01 | 121        |
    And these authorisations
      | number | partner | part | unit credit | from       | through    | claim by   |
      | SD-1   | RHINO   | ACME | 10          | 2026-01-01 | 2026-12-31 | 2027-01-31 |
    And these shipments
      | invoice | shipped    | received   | partner | part | quantity | unit price |
      | 1       | 2026-01-05 | 2026-01-07 | RHINO   | ACME | 1000     | 120        |
      | 2       | 2026-01-08 | 2026-01-10 | RHINO   | ACME | 5000     | 115        |
      | 3       | 2026-01-12 | 2026-01-14 | RHINO   | ACME | 3000     | 122        |
    And these resales
      | number | date       | partner | part | quantity | resale price | authorisation | reported for | received   |
      | POS-1  | 2026-01-20 | RHINO   | ACME | 2500     | 150          | SD-1          | FY2026-P01   | 2026-02-01 |
    And these claims
      | claim | date       | partner | part | authorisation | quantity | amount |
      | DM-1  | 2026-01-30 | RHINO   | ACME | SD-1          | 3000     | 30000  |
    And these stock reports
      | partner | part | date       | quantity |
      | RHINO   | ACME | 2026-01-31 | 6500     |
    When what is known on 2026-02-03 is loaded
    And FY2026-P01 is closed for good
    Then the debit claims are
      | claim | quantity | supported units | units beyond sales | units on the shelf | supported claim | amount not paid |
      | DM-1  | 3,000    | 2,500           | 500                | 500                | 25,000          | 5,000           |
    And these controls are broken
      | name               | code               | rows             |
      | claim-is-supported | claim-beyond-sales | OWN, RHINO, DM-1 |
    And the journal posts
      | title                   | debit     | credit    |
      | Trade receivables       | 1,061,000 | 25,000    |
      | Deferred revenue        | 292,500   | 1,061,000 |
      | Accrued channel credits | 25,000    | 25,000    |
      | Product revenue         | 0         | 267,500   |
    When these resales become known
      | number | date       | partner | part | quantity | resale price | authorisation | reported for | received   |
      | POS-2  | 2026-02-20 | RHINO   | ACME | 700      | 150          | SD-1          | FY2026-P02   | 2026-03-01 |
    And these claims become known
      | claim | date       | partner | part | authorisation | quantity | amount |
      | DM-2  | 2026-02-25 | RHINO   | ACME | SD-1          | 300      | 3000   |
    And these stock reports become known
      | partner | part | date       | quantity |
      | RHINO   | ACME | 2026-02-28 | 5800     |
    And what is known on 2026-03-03 is loaded
    And FY2026-P02 is closed on trial
    Then the debit claims are
      | claim | quantity | supported units | units beyond sales | units on the shelf | supported claim | amount not paid |
      | DM-2  | 300      | 200             | 100                | 100                | 2,000           | 1,000           |
    And the journal posts
      | title                   | debit  | credit |
      | Trade receivables       | 0      | 7,000  |
      | Deferred revenue        | 80,500 | 0      |
      | Accrued channel credits | 7,000  | 7,000  |
      | Product revenue         | 0      | 73,500 |
    And every tie-out holds
    When somebody asks what is behind "debit Accrued channel credits" that belongs to FY2026-P01
    Then the rows behind it are
      | quantity | amount | row of claims |
      | 3,000    | 5,000  | 2             |
    And it was worked out so
      | asked for 30,000.00                                         |
      | the limit is 32,000.00, and 25,000.00 of it was used up before |
      | given 30,000.00, of which 5,000.00 in this period           |

  Scenario: The price of thirty units that were sold for good falls from 800 to 700
    IBM Research, "Inventory management under price protection" (case 51): 100 units at 800, 70 resold, then 700; the credit
    of 3,000 is published. Deferred, it lowers what is not yet earned, in the feature on price protection. Here the sale was
    firm, and 6% of its price were expected to be granted: 4,800 of 80,000. The cut takes 3,000 of it. What may still
    be granted on 30 units of 700 is 1,260, so 4,800 - 3,000 - 1,260 = 540 return to revenue.

    Given concessions under a contract
    And these partners
      | partner | model    | return right | price protected | claims debits |
      | DEALER  | stocking | none         | yes             | no            |
    And this price book
      | part   | from       | list price |
      | SERVER | 2026-01-01 | 800        |
    And these shipments
      | invoice | shipped    | received   | partner | part   | quantity | unit price |
      | order   | 2026-01-05 | 2026-01-07 | DEALER  | SERVER | 100      | 800        |
    And these resales
      | number | date       | partner | part   | quantity | reported for | received   |
      | sold   | 2026-01-12 | DEALER  | SERVER | 70       | FY2026-P01   | 2026-01-31 |
    And these price changes
      | part   | date       | new price |
      | SERVER | 2026-01-20 | 700       |
    And these stock reports
      | partner | part   | date       | quantity |
      | DEALER  | SERVER | 2026-01-31 | 30       |
    When what is known on 2026-02-03 is loaded
    And FY2026-P01 is closed on trial
    Then the concession reserve is
      | role               | movement                | amount |
      | concession-reserve | sell-protected          | 4,800  |
      | concession-reserve | protect-firm-price      | -3,000 |
      | concession-reserve | re-estimate-concessions | -540   |
      | concession-reserve | closing                 | 1,260  |
    And the journal posts
      | title                      | debit  | credit |
      | Trade receivables          | 80,000 | 3,000  |
      | Expected price concessions | 3,540  | 4,800  |
      | Product revenue            | 0      | 75,740 |
    And every tie-out holds
