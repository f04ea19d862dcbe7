Feature: Bundles
  One price for several things is shared over them, so that each earns its part when it is delivered. The parts foot to
  the price, to its last unit. The published figures are whole pounds, dollars or units without a name; the yen, which has
  nothing smaller, stands for all of them.

  Scenario: A price is shared by what each thing costs alone
    EY, International GAAP 2019, Example 28.53 (case 71): a machine, its installation and an extended warranty for 100,000.

    Given bundles under stand-alone prices
    And these orders
      | order | date       | price  |
      | EY    | 2026-01-10 | 100000 |
    And these order lines
      | order | item         | date       | price alone | price alone is | discounted |
      | EY    | machine      | 2026-01-10 | 75000       | observed       | no         |
      | EY    | installation | 2026-01-10 | 14000       | observed       | no         |
      | EY    | warranty     | 2026-01-10 | 20000       | observed       | no         |
    And these deliveries
      | order | item         | date       |
      | EY    | machine      | 2026-01-12 |
      | EY    | installation | 2026-01-20 |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the shares are
      | line         | stand alone price | share  |
      | machine      | 75,000            | 68,807 |
      | installation | 14,000            | 12,844 |
      | warranty     | 20,000            | 18,349 |
    # 68,807 and 12,844 are delivered; the warranty's 18,349 are still owed.
    And the journal posts
      | title              | debit   | credit  |
      | Trade receivables  | 100,000 | 0       |
      | Contract liability | 81,651  | 100,000 |
      | Revenue            | 0       | 81,651  |
    And every tie-out holds

  Scenario: A discount is on all of them, or on those that it was given on
    KPMG, Revenue: IFRS 15 handbook, 4.2, example 5 (case 72): a phone, internet and television at 20, 30 and 40, together
    10 cheaper. 17.78, 26.67 and 35.56 become 18, 27 and 35: rounded one by one they would come to 81. The second order is
    worked by hand: of three things at 40, 55 and 45 the last two are always sold together for 60, so the whole discount of
    40 is theirs: 60 x 55/100 = 33 and 60 x 45/100 = 27.

    Given bundles under stand-alone prices
    And these orders
      | order | date       | price |
      | KPMG  | 2026-01-10 | 80    |
      | PAIR  | 2026-01-10 | 100   |
    And these order lines
      | order | item       | date       | price alone | price alone is | discounted |
      | KPMG  | phone      | 2026-01-10 | 20          | observed       | no         |
      | KPMG  | internet   | 2026-01-10 | 30          | observed       | no         |
      | KPMG  | television | 2026-01-10 | 40          | observed       | no         |
      | PAIR  | one        | 2026-01-10 | 40          | observed       | no         |
      | PAIR  | two        | 2026-01-10 | 55          | observed       | yes        |
      | PAIR  | three      | 2026-01-10 | 45          | observed       | yes        |
    When what is known on 2026-02-02 is loaded
    And FY2026-P01 is closed on trial
    Then the shares are
      | order | line       | share |
      | KPMG  | phone      | 18    |
      | KPMG  | internet   | 27    |
      | KPMG  | television | 35    |
      | PAIR  | one        | 40    |
      | PAIR  | two        | 33    |
      | PAIR  | three      | 27    |

  Scenario: Software earns what its support leaves
    Rev Rec Notebook, "PCS term commences at date subsequent to delivery" (case 75), on SOP 97-2: a fee of 100,000 for software
    and twelve months of support at 20,000 a year, with another six months implied before they begin. The 30,000 for eighteen
    months are published; the 70,000 left for the software are derived in the case file.

    Given bundles under stand-alone prices
    And these orders
      | order   | date       | price  |
      | LICENCE | 2007-01-10 | 100000 |
    And these order lines
      | order   | item     | date       | price alone | price alone is  | discounted |
      | LICENCE | software | 2007-01-10 | 1           | highly-variable | no         |
      | LICENCE | support  | 2007-01-10 | 30000       | observed        | no         |
    And these deliveries
      | order   | item     | date       |
      | LICENCE | software | 2007-01-12 |
    When what is known on 2007-02-02 is loaded
    And FY2007-P01 is closed on trial
    Then the shares are
      | line     | share  |
      | software | 70,000 |
      | support  | 30,000 |
    And the journal posts
      | title              | debit   | credit  |
      | Trade receivables  | 100,000 | 0       |
      | Contract liability | 70,000  | 100,000 |
      | Revenue            | 0       | 70,000  |
    And every tie-out holds
    When somebody asks what is behind "credit Revenue"
    Then it was worked out so
      | of 100,000.00 what is given leaves 70,000.00 |
      | weighs 1 of 1                                |
    # The terms of the support, the implied half year and the year, become known when January is closed: 30,000 over 18 months,
    # 1,666.67 each as the case file derives; in whole yen twelve months of 1,667 and six of 1,666.
    When FY2007-P01 is closed for good
    And these support terms become known
      | order   | item    | from       | to         |
      | LICENCE | support | 2007-01-10 | 2008-06-30 |
    And what is known on 2007-03-02 is loaded
    And FY2007-P02 is closed on trial
    Then the journal posts
      | title              | debit | credit |
      | Contract liability | 3,334 | 0      |
      | Support revenue    | 0     | 3,334  |
    And 2 lines are of facts of closed periods
    When somebody asks what is behind "credit Support revenue" that belongs to FY2007-P01
    Then it was worked out so
      | 30,000.00 is shared                          |
      | weighs 1 of 18                               |
      | takes one of the odd cents                   |
      | of 100,000.00 what is given leaves 70,000.00 |
      | given 30,000.00                              |

  Scenario: What cannot be shared stops the close
    Things that all cost nothing alone give no proportion; nobody guesses one, and nothing is published.

    Given bundles under stand-alone prices
    And these orders
      | order | date       | price |
      | FREE  | 2026-01-10 | 80    |
    And these order lines
      | order | item | date       | price alone | price alone is | discounted |
      | FREE  | one  | 2026-01-10 | 0           | observed       | no         |
      | FREE  | two  | 2026-01-10 | 0           | observed       | no         |
    When what is known on 2026-02-02 is loaded
    And somebody tries to close FY2026-P01
    Then the close is refused: "cannot be shared"
    And nothing is published
